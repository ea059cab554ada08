import { describe, expect, test } from 'vitest'
import { requestHeaders } from './transport.ts'

const call = { accept: 'json', stream: false } as const

describe('headers of a call', () => {
  test('carry the credentials they are given, which a codec cannot replace', () => {
    const headers = requestHeaders(
      { ...call, headers: { authorization: 'mine', 'x-extra': '1' } },
      { headers: {} },
      { authorization: 'key' },
    )
    expect(headers).toMatchObject({ authorization: 'key', 'x-extra': '1' })
  })

  test('carry none for a host that is not the configured one', () => {
    expect(Object.keys(requestHeaders(call, { headers: {} }, {})).sort()).toEqual(['accept', 'accept-encoding', 'user-agent'])
  })

  test.each([
    [{ ...call, stream: true }, 'text/event-stream'],
    [{ ...call, accept: 'image' as const }, 'image/*'],
    [call, 'application/json'],
  ])('ask for the kind of answer the call expects: %#', (each, accept) => {
    expect(requestHeaders(each, { headers: {} }, {})['accept']).toBe(accept)
  })
})
