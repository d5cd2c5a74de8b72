/** What schemas of JSON values from outside share: numbers within bounds, and what is said of the first field that is wrong. */
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'

/** A whole number within bounds. */
export const whole = (minimum: number, maximum: number) =>
  v.pipe(
    v.number(`must be a whole number from ${minimum} to ${maximum}`),
    v.integer(`must be a whole number from ${minimum} to ${maximum}`),
    v.minValue(minimum, `must be a whole number from ${minimum} to ${maximum}`),
    v.maxValue(maximum, `must be a whole number from ${minimum} to ${maximum}`),
  )

/** A number within bounds. */
export const between = (minimum: number, maximum: number) =>
  v.pipe(
    v.number(`must be a number from ${minimum} to ${maximum}`),
    v.minValue(minimum, `must be a number from ${minimum} to ${maximum}`),
    v.maxValue(maximum, `must be a number from ${minimum} to ${maximum}`),
  )

/** What messages call a value: its name, which stands for the whole of it, and what a wrong field is not one of. */
export interface Called {
  readonly name: string
  readonly of: string
  /** Stands before the paths of fields, with a dot. */
  readonly prefix?: string
}

/**
 * Reads a value from outside.
 *
 * @throws ConfigError that names the first key that is wrong and says what it must be.
 */
export function parsed<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  { name, of, prefix = '' }: Called,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = v.getDotPath(issue)
  throw new ConfigError(path === null ? name : `${prefix}${path}`, explain(issue, of))
}

function explain(issue: v.BaseIssue<unknown>, of: string): string {
  if (issue.type === 'strict_object') {
    return issue.expected === 'never'
      ? `is not a field of ${of}${ofKind(issue)}`
      : `is missing${ofKind(issue)}`
  }
  const given = `not ${JSON.stringify(issue.input) ?? 'nothing'}`.slice(0, 80)
  if (issue.type === 'variant' && issue.expected !== 'Object') {
    const kinds = [...(issue.expected ?? '').matchAll(/"([^"]+)"/g)].map(([, kind]) => kind)
    return `must be one of ${kinds.join(', ')}, ${given}`
  }
  const message = issue.message.startsWith('must')
    ? issue.message
    : `must be ${issue.expected ?? 'something else'}`
  return `${message}, ${given}`
}

/** A part has other fields where its kind is another. */
function ofKind({ path }: v.BaseIssue<unknown>): string {
  const part: unknown = path?.at(-1)?.input
  return typeof part === 'object' && part !== null && 'kind' in part
    ? ` of the kind ${String(part.kind)}`
    : ''
}
