import { describe, expect, it } from 'vitest'
import { HalftoneError } from './core/error.ts'
import { createLog } from './log.ts'

const SECRET = 'p@ss "word" 1234'
const written = (fields: object, message = 'something happened'): string => {
  const lines: string[] = []
  const { log, hide } = createLog({ level: 'trace', destination: { write: (line) => lines.push(line) } })
  hide([SECRET, 'short'])
  log.error(fields, message)
  expect(lines).toHaveLength(1)
  expect(() => JSON.parse(lines[0]!)).not.toThrow()
  return lines[0]!
}
const error = (message: string, more: object = {}): Error => Object.assign(new Error(message), more)

describe('a line of the log never holds', () => {
  it.each([
    ['a configured secret in a message', { err: error(`auth ${SECRET} failed`) }, 'word'],
    ['a configured secret in a field', { failure: `smtp says ${SECRET}` }, 'word'],
    ['a configured secret in a URL', { failure: `https://x.example/${encodeURIComponent(SECRET)}` }, 'word'],
    ['a bearer token', { note: 'authorization: Bearer abcdefgh12345678' }, 'abcdefgh12345678'],
    ['a key of ours', { note: 'key ht-AbCdEfGhIjKlMnOpQr-st_uv refused' }, 'AbCdEfGhIjKl'],
    ['a key of a provider', { note: 'Incorrect API key provided: sk-proj-AbCdEf123456789' }, 'AbCdEf123456789'],
    ['the query of a link', { note: 'GET https://cdn.example/a.png?X-Amz-Signature=feed1234&x=1 failed' }, 'feed1234'],
    ['the user of a URL', { note: 'postgres://me:hunter22@db/halftone' }, 'hunter22'],
    ['a signed image address', { note: '/v1/halftone/images/AbC-123_x' }, 'AbC-123_x'],
    ['a header', { headers: { 'x-anything': 'tell-tale' } }, 'tell-tale'],
    ['a header one level down', { request: { headers: { cookie: 'tell-tale' } } }, 'tell-tale'],
    ['a prompt', { prompt: 'tell-tale' }, 'tell-tale'],
    ['members of an error', { err: error('insert failed', { detail: 'tell-tale', parameters: ['tell-tale'] }) }, 'tell-tale'],
    ['members of its causes', { err: new Error('outer', { cause: error('inner', { body: 'tell-tale' }) }) }, 'tell-tale'],
    ['what a parser read', { err: new SyntaxError('Unexpected token t, "tell-tale" is not valid JSON') }, 'tell-tale'],
    ['the words of a provider', { err: new HalftoneError('provider_rejected', 'it said "tell-tale"') }, 'tell-tale'],
    ['a thrown text', { err: 'tell-tale' }, 'tell-tale'],
  ])('%s', (_, fields, hidden) => {
    expect(written(fields)).not.toContain(hidden)
  })
})

it('an error keeps its class, code, text, place and causes', () => {
  const cause = error('connection refused', { code: 'ECONNREFUSED' })
  const { err } = JSON.parse(written({ err: new Error('the ledger failed', { cause }) }))
  expect(err).toMatchObject({ type: 'Error', message: 'the ledger failed', cause: { code: 'ECONNREFUSED' } })
  expect(err.stack).toContain('log.test.ts')
})

it('our own troubles keep their text', () => {
  expect(written({ err: new HalftoneError('storage_failed', 'The ledger is gone.') })).toContain('The ledger is gone.')
})
