// How every peer is timed: the milliseconds of single steps, after some that warm up.
const warmUp = { steps: 3, seconds: 10 }
const limitSeconds = 20

/** As many steps as asked for, fewer where they take long, never none. */
export async function timeSteps(step, runs) {
  const seconds = since(performance.now())
  for (let run = 0; run < warmUp.steps && seconds() < warmUp.seconds; run++) await step()
  const timed = since(performance.now())
  const milliseconds = []
  do {
    const run = since(performance.now())
    await step()
    milliseconds.push(1000 * run())
  } while (milliseconds.length < runs && timed() < limitSeconds)
  return milliseconds
}

function since(start) {
  return () => (performance.now() - start) / 1000
}
