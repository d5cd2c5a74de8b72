// Kills a training at random moments, so many times, and lets it end then:
//   node scripts/kill.mjs 20 train pictures --arch cifar_resnet8 --out runs/killed
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [times, ...args] = process.argv.slice(2)
const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))

/** Runs the command by one and the same line, which begins the run or goes on with it; kills it after so many milliseconds. */
function run(killAfter) {
  const child = spawn(process.execPath, [program, ...args, '--resume'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
  return new Promise((resolve) =>
    child.on('close', (status, signal) => {
      clearTimeout(timer)
      resolve({ status, signal })
    }),
  )
}

let killed = 0
while (killed < Number(times)) {
  // The process needs a third of a second before its first step; then a few epochs of a small run fit.
  const { signal, status } = await run(300 + Math.random() * 800)
  if (signal === 'SIGKILL') {
    killed++
    continue
  }
  console.error(
    status === 0
      ? `the run ended after ${killed} kills; give it more epochs`
      : `the run failed with status ${status}`,
  )
  process.exit(1)
}
console.log(`killed ${killed} times`)
const { status } = await run()
process.exit(status ?? 1)
