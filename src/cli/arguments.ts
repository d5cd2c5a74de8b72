/** Parsers of option values, and what holds for all arguments; what is refused becomes one line and exit status 2. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Changes } from '../architecture/change.ts'
import { ArgumentError } from '../errors.ts'

/** A whole number within bounds. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= minimum && value <= maximum) return value
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`)
  }
}

/** Throws `ArgumentError` for an argument or option that is given and empty, whichever it is: as with `--out "$UNSET"`. */
export function refuseEmpty(command: Command): void {
  const isEmpty = (value: unknown) => typeof value === 'string' && value.trim() === ''
  const given: readonly (readonly [name: string, value: unknown])[] = [
    ...command.registeredArguments.map(
      (argument, index) => [`<${argument.name()}>`, command.processedArgs[index]] as const,
    ),
    ...command.options.map(
      (option) => [option.long ?? option.flags, command.getOptionValue(option.attributeName())] as const,
    ),
  ]
  const empty = given.find(([, value]) => [value].flat().some(isEmpty))
  if (empty !== undefined)
    throw new ArgumentError(`${empty[0]} is empty; is a variable of the shell not set?`)
}

/** Numbers between commas: `0.485,0.456,0.406`. */
export function numbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (values.every(Number.isFinite)) return values
  throw new InvalidArgumentError('It must be numbers between commas, as in 0.485,0.456,0.406.')
}

/** A number within bounds. */
export function number(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (value >= minimum && value <= maximum) return value
    throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`)
  }
}

/** Height and width: `224`, `224x160`. */
export function size(text: string): readonly [number, number] {
  const match = /^(\d{1,5})(?:[x×](\d{1,5}))?$/.exec(text)
  const height = Number(match?.[1])
  const width = match?.[2] === undefined ? height : Number(match[2])
  if (height > 0 && width > 0) return [height, width]
  throw new InvalidArgumentError('It must be pixels, as in 224, or height and width, as in 224x160.')
}

/** One of some words. */
export function oneOf<const T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word === text)
    if (found !== undefined) return found
    throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`)
  }
}

/** One `key=value` more; the value is JSON where it can be read so, else a word. */
export function keyValue(text: string, previous: Changes = {}): Changes {
  const [key = '', ...rest] = text.split('=')
  if (key === '' || rest.length === 0) {
    throw new InvalidArgumentError('It must be key=value, as in block.strideAt=conv1.')
  }
  return { ...previous, [key]: jsonOrWord(rest.join('=')) }
}

function jsonOrWord(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export interface ConfigOptions {
  readonly classes?: number
  readonly input?: readonly [number, number]
  readonly inputChannels?: number
  readonly set?: Changes
}

/** What the options change of a config. */
export function changesOf({ classes, input, inputChannels, set = {} }: ConfigOptions): Changes {
  return {
    ...(classes === undefined ? {} : { classes }),
    ...(input === undefined ? {} : { input }),
    ...(inputChannels === undefined ? {} : { inputChannels }),
    ...set,
  }
}
