/** Validation issues as problems a person can act on. Values are never quoted: any of them may be a secret. */
import type { z } from 'zod'
import { nearMatches } from '../core/near-match.ts'
import { configJsonSchema, descriptionAt, type JsonSchema, keysAt } from './schema-keys.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

export interface Finding {
  /** The environment variable at fault, for what stands in no file; `path` is then empty. */
  readonly variable?: string
  readonly path: Path
  /** Which part of the entry is at fault. */
  readonly what: 'key' | 'value'
  readonly message: string
  readonly remedy: string
}

const typeWords: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
}

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, part) => (node as Record<PropertyKey, unknown> | null | undefined)?.[part], data)

/** Every problem in `issues`, flattened and worded; `data` is what was validated, `schema` what it was held to. */
export function findings(issues: readonly Issue[], data: unknown, schema?: JsonSchema): readonly Finding[] {
  if (issues.length === 0) return []
  const subject: Subject = { data, schema: schema ?? configJsonSchema() }
  return issues.flatMap((issue) => describe(issue, [], subject))
}

interface Subject {
  readonly data: unknown
  readonly schema: JsonSchema
}

/** Codes that also mean that there is no value at all. */
const neverSent: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union'])

function describe(issue: Issue, base: Path, subject: Subject): Finding[] {
  const { data, schema } = subject
  const path = [...base, ...issue.path]
  const found = (message: string, remedy: string, what: 'key' | 'value' = 'value'): Finding[] => [{ path, what, message, remedy }]
  if (neverSent.has(issue.code) && valueAt(data, path) === undefined) {
    const meaning = descriptionAt(path, schema)
    return found('is missing', meaning === undefined ? 'Add it.' : `Add it. Meaning: ${meaning}`, 'key')
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], schema))
    case 'invalid_key':
      return found(`the name ${issue.issues[0]?.message ?? 'is not allowed'}`, 'Rename it.', 'key')
    case 'invalid_type':
      return invalidType(issue.expected, path, subject)
    case 'invalid_value': {
      const options = issue.values.map(String)
      const value = valueAt(data, path)
      const near = typeof value === 'string' ? nearMatches(value, options, 1)[0] : undefined
      return found(`must be ${listOf(options)}`, near === undefined ? meaningOf(path, schema) : `Did you mean ${near}?`)
    }
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`
      const units: Record<string, string> = { string: ' characters long', array: ' entries long', record: ' entries long' }
      return found(`must be ${bound}${units[issue.origin] ?? ''}`, meaningOf(path, schema))
    }
    case 'invalid_union':
      return describeUnion(issue, path, subject)
    default:
      return found(issue.message, meaningOf(path, schema))
  }
}

function invalidType(expected: string, path: Path, { data, schema }: Subject): Finding[] {
  const word = typeWords[expected] ?? expected
  const value = valueAt(data, path)
  if (value === null)
    return [{ path, what: 'key', message: `is empty, and must be ${word}`, remedy: 'Give it a value or remove the key.' }]
  if (typeof value === 'string' && value.includes(':') && (expected === 'object' || expected === 'record')) {
    return [{ path, what: 'value', message: `must be ${word}`, remedy: 'Put a blank after the colon.' }]
  }
  const remedy = expected === 'string' && typeof value !== 'object' ? 'Put the value in quotes.' : meaningOf(path, schema)
  return [{ path, what: 'value', message: `must be ${word}`, remedy }]
}

/** What the key is for, as the best help there is. */
const meaningOf = (path: Path, schema: JsonSchema): string => {
  const meaning = descriptionAt(path, schema)
  return meaning === undefined ? 'Change the value.' : `Meaning: ${meaning}`
}

const UNWORDED = 'Invalid input'

/** The alternative that was most likely meant: not of another type, then with the fewest unknown keys. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path, subject: Subject): Finding[] {
  const { schema } = subject
  if (issue.message !== UNWORDED) return [{ path, what: 'value', message: issue.message, remedy: meaningOf(path, schema) }]
  const alternatives = issue.errors.map((errors) => ({
    errors,
    wrongType: errors.some(({ code, path: inner }) => code === 'invalid_type' && inner.length === 0),
    unknownKeys: errors.reduce(
      (sum, error) => sum + (error.code === 'unrecognized_keys' && error.path.length === 0 ? error.keys.length : 0),
      0,
    ),
  }))
  const meant = alternatives
    .filter(({ wrongType }) => !wrongType)
    .sort((left, right) => left.unknownKeys - right.unknownKeys || left.errors.length - right.errors.length)[0]
  if (meant) return meant.errors.flatMap((error) => describe(error, path, subject))
  const words = issue.errors.flatMap((errors) =>
    errors.flatMap((it) => (it.code === 'invalid_type' ? [typeWords[it.expected] ?? it.expected] : [])),
  )
  return [{ path, what: 'value', message: `must be ${listOf(words)}`, remedy: meaningOf(path, schema) }]
}

function unknownKey(path: Path, schema: JsonSchema): Finding {
  const key = String(path.at(-1))
  if (key.includes(':')) return { path, what: 'key', message: 'is not a known key', remedy: 'Put a blank after the colon.' }
  const known = keysAt(path.slice(0, -1), schema)
  const near = nearMatches(key, known)
  const remedy =
    near.length > 0 ? `Did you mean ${listOf(near)}?` : known.length > 0 ? `Known keys: ${known.join(', ')}.` : 'Remove it.'
  return { path, what: 'key', message: 'is not a known key', remedy }
}

/** `a, b or c`. */
function listOf(words: readonly string[]): string {
  const unique = [...new Set(words)]
  const last = unique.at(-1) ?? ''
  return unique.length < 2 ? last : `${unique.slice(0, -1).join(', ')} or ${last}`
}
