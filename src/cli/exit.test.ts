import { describe, expect, test } from 'vitest'
import { errorCatalogue } from '../core/error.ts'
import { exitOfCode, exits } from './exit.ts'

describe('exit codes', () => {
  test('every exit has its own code', () => {
    const codes = Object.values(exits).map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  test('every error of the catalogue ends with something other than 0', () => {
    for (const code of Object.keys(errorCatalogue)) expect(exits[exitOfCode(code)].code).toBeGreaterThan(0)
  })

  const statuses: readonly [status: number, exit: string][] = [
    [401, 'auth'],
    [403, 'auth'],
    [429, 'limit'],
    [404, 'usage'],
    [503, 'failure'],
  ]
  for (const [status, exit] of statuses) {
    test(`an unknown code falls back on HTTP ${status}`, () => expect(exitOfCode('of_a_newer_gateway', status)).toBe(exit))
  }
  test('an inherited property is no error code', () => expect(exitOfCode('constructor', 404)).toBe('usage'))
})
