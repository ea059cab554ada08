import { describe, expect, test } from 'vitest'
import { getsCredentials, requestHeaders } from './transport.ts'

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

describe('who gets the credentials', () => {
  const siblings = /^api(\.[a-z0-9-]+)?\.vendor\.example$/
  test.each([
    ['the configured origin', 'https://api.vendor.example/v1/x', 'https://api.vendor.example/v1', true],
    ['a region of the same API', 'https://api.us6.vendor.example/v1/x', 'https://api.vendor.example/v1', true],
    ['not over plain http', 'http://api.us6.vendor.example/x', 'https://api.vendor.example/v1', false],
    ['not on another port', 'https://api.us6.vendor.example:8443/x', 'https://api.vendor.example/v1', false],
    [
      'not a host whose name only begins like it',
      'https://api.vendor.example.evil.test/x',
      'https://api.vendor.example/v1',
      false,
    ],
    ['not a host whose name only ends like it', 'https://evil-api.vendor.example/x', 'https://api.vendor.example/v1', false],
    ['not a name in the user part', 'https://api.vendor.example@evil.test/x', 'https://api.vendor.example/v1', false],
    ["not the vendor, when the key is a proxy's", 'https://api.us6.vendor.example/x', 'https://proxy.example/v1', false],
    ['nobody else', 'https://delivery.vendor.example/x', 'https://api.vendor.example/v1', false],
  ])('%s', (_, url, baseUrl, expected) => {
    expect(getsCredentials(new URL(url), new URL(baseUrl), siblings)).toBe(expected)
    if (url.startsWith('https://api.us6')) expect(getsCredentials(new URL(url), new URL(baseUrl))).toBe(false)
  })
})
