import { expect, it } from 'vitest'
import { type ErrorCode, errorCatalogue, HalftoneError } from '../core/error.ts'
import { toHttpError, toKnownError } from './errors.ts'

const newId = (): string => 'id-1'

it('a bug tells the client an id and nothing else', () => {
  const { status, headers, body } = toHttpError(toKnownError(new TypeError('secret is not a function'), newId))
  expect(status).toBe(500)
  expect(headers['x-request-id']).toBe('id-1')
  expect(body.error).toMatchObject({ code: 'internal_error', type: 'server_error', request_id: 'id-1' })
  expect(JSON.stringify(body)).not.toContain('secret')
})

it.each([
  [413, 'body_too_large'],
  [415, 'unsupported_content_type'],
  [400, 'invalid_value'],
])('a refusal of the framework with %i is %s', (statusCode, code) => {
  expect(toKnownError(Object.assign(new Error('no'), { statusCode }), newId)).toMatchObject({ code, requestId: undefined })
})

it.each(Object.keys(errorCatalogue) as ErrorCode[])(
  '%s: money at risk forbids the client a repeat, whatever the code says',
  (code) => {
    const retry = (billed?: 'yes' | 'no' | 'unknown'): string | undefined =>
      toHttpError(new HalftoneError(code, 'x', billed === undefined ? {} : { billed })).headers['x-should-retry']
    expect([retry('yes'), retry('unknown')]).toEqual(['false', 'false'])
    const { retryable } = errorCatalogue[code]
    expect([retry('no'), retry()]).toEqual([String(retryable), String(retryable)])
  },
)

it('Retry-After is whole seconds, at least one, and always there where a repeat may help', () => {
  const headers = (retryAfterMs?: number) =>
    toHttpError(new HalftoneError('overloaded', 'x', retryAfterMs === undefined ? {} : { retryAfterMs })).headers['retry-after']
  expect([headers(), headers(1), headers(1_001)]).toEqual(['1', '1', '2'])
})
