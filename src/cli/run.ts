/**
 * From arguments to exit status: 0, 2 for what the user gave, 1 for what the world or we did wrong, 130 after
 * Ctrl-C, 143 where a scheduler ended it (SIGTERM), 129 where its terminal was closed (SIGHUP).
 * Every failure is one line on standard error.
 */
import { type Command, CommanderError } from 'commander'
import { ResNetError } from '../errors.ts'
import { printError, tellLine } from './output.ts'
import { createProgram } from './program.ts'
import { watchStreams } from './streams.ts'

/** Aborted by Ctrl-C, SIGTERM or SIGHUP; commands hand it to whatever takes long. */
const interruption = new AbortController()

/** Runs the command and answers its exit status. */
export async function run(args: readonly string[]): Promise<number> {
  let savesFirst = false
  let status: 0 | 1 | 2 = 0
  let interrupted = 130
  const interrupt = (code: number) => {
    if (interruption.signal.aborted) process.exit(code)
    interrupted = code
    interruption.abort()
    // Files half written are removed by then; arithmetic that is under way is not waited for.
    if (!savesFirst) setTimeout(() => process.exit(code), 300).unref()
  }
  process.on('SIGINT', () => interrupt(130))
  process.on('SIGTERM', () => interrupt(143))
  process.on('SIGHUP', () => interrupt(129))
  watchStreams({
    // A training goes on unseen: its log is in the run's folder. What only answers has nobody to answer.
    closed: () => {
      if (!savesFirst) process.exit(status)
    },
    failed: () => {
      if (!savesFirst) process.exit(1)
      if (!interruption.signal.aborted) interrupt(1)
    },
  })
  const program = createProgram({
    signal: interruption.signal,
    saveFirst() {
      savesFirst = true
    },
    setStatus(value) {
      status = value
    },
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return interruption.signal.aborted ? interrupted : status
  } catch (error) {
    if (interruption.signal.aborted) return interrupted
    return report(error, args.includes('--debug'), helpOf(program, args))
  }
}

/** The help that speaks of what was wrong: the subcommand's, where one was named. */
function helpOf(program: Command, args: readonly string[]): string {
  const named = program.commands.find(
    (command) => command.name() === args.find((arg) => !arg.startsWith('-')),
  )
  return named === undefined ? 'resnet --help' : `resnet ${named.name()} --help`
}

function report(error: unknown, debug: boolean, help: string): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    // Commander has shown the help where no command was given.
    if (error.code !== 'commander.help') printError(`${oneLine(error.message)}; see ${help}`)
    return 2
  }
  printError(error instanceof Error ? explain(error) : String(error))
  if (debug && error instanceof Error) tellLine(error.stack ?? error.message)
  return error instanceof ResNetError ? error.exitStatus : 1
}

function explain(error: Error): string {
  return error instanceof ResNetError
    ? error.message
    : `${error.message} (${error.name}; --debug shows where)`
}

/** Commander puts its suggestions on a line of their own. */
function oneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
}
