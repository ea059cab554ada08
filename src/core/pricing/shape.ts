/** Checks for parsed JSON: strict, and every problem is listed with its path. */
import { HalftoneError } from '../error.ts'
import { dateUs } from './dates.ts'

/** A check appends what is wrong to `problems`; it never throws. */
export type Check = (value: unknown, path: string, problems: string[]) => void

export interface Field {
  readonly check: Check
  readonly optional?: true
}

export const optional = (check: Check): Field => ({ check, optional: true })
export const required = (check: Check): Field => ({ check })

export const text: Check = (value, path, problems) => {
  if (typeof value !== 'string' || value === '') problems.push(`${path}: expected a text`)
}
export const flag: Check = (value, path, problems) => {
  if (typeof value !== 'boolean') problems.push(`${path}: expected true or false`)
}
export const number: Check = (value, path, problems) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) problems.push(`${path}: expected a number`)
}
export const pattern =
  (expression: RegExp, words: string): Check =>
  (value, path, problems) => {
    if (typeof value !== 'string' || !expression.test(value)) problems.push(`${path}: expected ${words}`)
  }
export const decimal = pattern(/^\d+(\.\d+)?$/, 'a decimal in quotes, such as "0.04"')
export const signedDecimal = pattern(/^-?\d+(\.\d+)?$/, 'a decimal in quotes, such as "-5"')
export const share = pattern(/^(0(\.\d+)?|1(\.0+)?|unknown)$/, '"0" to "1", or "unknown"')
export const date: Check = (value, path, problems) => {
  if (typeof value !== 'string' || dateUs(value) === undefined) problems.push(`${path}: expected an ISO date`)
}
export const choice =
  (values: readonly string[]): Check =>
  (value, path, problems) => {
    if (!values.includes(value as string)) problems.push(`${path}: expected one of ${values.join(', ')}`)
  }
export const list =
  (item: Check): Check =>
  (value, path, problems) => {
    if (!Array.isArray(value)) problems.push(`${path}: expected a list`)
    else for (let index = 0; index < value.length; index += 1) item(value[index], `${path}[${index}]`, problems)
  }
export const oneOrMany =
  (item: Check): Check =>
  (value, path, problems) =>
    Array.isArray(value) ? list(item)(value, path, problems) : item(value, path, problems)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const object = (fields: Readonly<Record<string, Field>>): Check => {
  const known = Object.entries(fields)
  return (value, path, problems) => {
    if (!isObject(value)) {
      problems.push(`${path}: expected an object`)
      return
    }
    for (const key of Object.keys(value)) if (!Object.hasOwn(fields, key)) problems.push(`${path}.${key}: unknown key`)
    for (const [key, field] of known) {
      const entry = value[key]
      if (entry === undefined) {
        if (!field.optional) problems.push(`${path}.${key}: missing`)
      } else field.check(entry, `${path}.${key}`, problems)
    }
  }
}

/** An object whose `kind` decides its other fields. */
export const union = (kinds: Readonly<Record<string, Readonly<Record<string, Field>>>>): Check => {
  const checks = new Map(Object.entries(kinds).map(([kind, fields]) => [kind, object({ kind: required(text), ...fields })]))
  return (value, path, problems) => {
    const kind = isObject(value) ? value['kind'] : undefined
    const found = typeof kind === 'string' ? checks.get(kind) : undefined
    if (found) found(value, path, problems)
    else problems.push(`${path}.kind: expected one of ${[...checks.keys()].join(', ')}`)
  }
}

/** Raises `config_invalid` with every problem. */
export function check(shape: Check, value: unknown, name: string): void {
  const problems: string[] = []
  shape(value, name, problems)
  if (problems.length > 0) throw new HalftoneError('config_invalid', problems.join('\n'))
}
