/** Reads foreign JSON field by field, and keeps every problem with its place instead of stopping at the first. */
import type { ImportRow } from '../contract/imports.ts'
import { decimalText } from './amount.ts'
import type { ImportFile, ImportProblem, Parsed } from './types.ts'

export type Fields = Readonly<Record<string, unknown>>

export class ImportReader {
  readonly rows: ImportRow[] = []
  readonly problems: ImportProblem[] = []
  readonly skipped = new Map<string, number>()

  skip(what: string): undefined {
    this.skipped.set(what, (this.skipped.get(what) ?? 0) + 1)
  }

  problem(file: ImportFile, at: string, message: string): undefined {
    this.problems.push({ file: file.name, at, message })
  }

  /** JSON, or lines of it. */
  json(file: ImportFile): unknown {
    try {
      return JSON.parse(file.text)
    } catch (cause) {
      const lines = file.text.split('\n').filter((line) => line.trim() !== '')
      try {
        if (lines.length > 1) return lines.map((line) => JSON.parse(line) as unknown)
      } catch {
        // Neither; the first message says more.
      }
      this.problem(file, 'file', `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`)
      return undefined
    }
  }

  /** The list under one of the names, or the value itself when it is a list. */
  list(file: ImportFile, value: unknown, names: readonly string[]): readonly Fields[] {
    const found = Array.isArray(value) ? value : names.map((name) => fieldsOf(value)[name]).find(Array.isArray)
    if (!Array.isArray(found)) {
      if (value !== undefined) this.problem(file, 'file', `has no list ${names.map((name) => `"${name}"`).join(' or ')}.`)
      return []
    }
    // An export may be several pages in one list.
    if (found.every((page) => names.some((name) => Array.isArray(fieldsOf(page)[name])))) {
      return found.flatMap((page) => this.list(file, page, names))
    }
    return found.map(fieldsOf)
  }

  text(file: ImportFile, at: string, fields: Fields, name: string): string | undefined {
    const value = fields[name]
    if (typeof value === 'string' && value !== '') return value
    this.problem(file, `${at}.${name}`, 'is missing, or no text.')
    return undefined
  }

  /** Whole number, at least 0. */
  count(file: ImportFile, at: string, fields: Fields, name: string): number | undefined {
    const value = fields[name]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    this.problem(file, `${at}.${name}`, 'is missing, or no whole number.')
    return undefined
  }

  /** USD as decimal text of at most nine decimals. */
  amount(file: ImportFile, at: string, value: unknown): string | undefined {
    const text = decimalText(value)
    if (text !== undefined && !text.startsWith('-')) return text
    this.problem(file, at, text === undefined ? 'is missing, or no amount.' : 'is negative; credits are not spend.')
    return undefined
  }

  /** ISO 8601 of a time, a date or seconds since 1970. */
  time(file: ImportFile, at: string, value: unknown): string | undefined {
    const ms = typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? Date.parse(utcOf(value)) : Number.NaN
    if (Number.isFinite(ms)) return new Date(ms).toISOString()
    this.problem(file, at, 'is missing, or no time.')
    return undefined
  }

  done(): Parsed {
    return { rows: this.rows, skipped: this.skipped, problems: this.problems }
  }
}

export const fieldsOf = (value: unknown): Fields =>
  // Any object can be read by name; what comes out is checked where it is used.
  typeof value === 'object' && value !== null ? (value as Fields) : {}

export const optionalText = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

/** A time without a zone is UTC: exports mean it so, `Date.parse` would take it for local. */
const utcOf = (text: string): string =>
  /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text
