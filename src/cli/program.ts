/** The command `resnet`: its subcommands and what they share. */
import { Command } from 'commander'
import { refuseEmpty } from './arguments.ts'
import { addBench } from './bench.ts'
import { addClassify } from './classify.ts'
import { addCompare } from './compare.ts'
import type { Context } from './context.ts'
import { addConvert } from './convert.ts'
import { addData } from './data.ts'
import { addEmbed } from './embed.ts'
import { addEvaluate } from './evaluate.ts'
import { version } from './generated/version.ts'
import { addList } from './list.ts'
import { addShow } from './show.ts'
import { addTrain } from './train.ts'

/** The program with all its commands; errors are thrown, not printed. */
export function createProgram(context: Context): Command {
  const program = new Command('resnet')
    .description('Every ResNet: explain it, compare it, run it with published weights, train it.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'show help')
    .helpCommand(false)
    .option('--debug', 'print where in the program an error comes from')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .hook('preAction', (_, command) => refuseEmpty(command))
    .addHelpText('after', '\nExample:\n  resnet show resnet50\n\nEvery command has --help with an example.')
  addList(program)
  addShow(program, context)
  addCompare(program, context)
  addClassify(program, context)
  addEvaluate(program, context)
  addEmbed(program, context)
  addTrain(program, context)
  addConvert(program, context)
  addData(program, context)
  addBench(program, context)
  return program
}
