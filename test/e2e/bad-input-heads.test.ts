/** Bad headers, request lines, paths and methods: the same envelope of errors as everywhere, and no bill. */
import { describe, expect, it } from 'vitest'
import { base, type ExpectedError, expectError, targetOfBadInput } from '../support/bad-input.ts'

const { gateway, generate, raw } = targetOfBadInput()

describe('headers', () => {
  it.each<[string, Record<string, string>, ExpectedError]>([
    ['tags without a value', { 'x-halftone-tags': 'campaign' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    ['tags with a prototype key', { 'x-halftone-tags': '__proto__=x' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    ['tags with bytes above ASCII', { 'x-halftone-tags': 'a=\u00ff' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    ['tags with a tab', { 'x-halftone-tags': 'a=b\tc' }, { code: 'invalid_header', param: 'x-halftone-tags' }],
    [
      'too many tags',
      { 'x-halftone-tags': Array.from({ length: 11 }, (_, i) => `t${i}=x`).join(',') },
      { code: 'invalid_value', param: 'x-halftone-tags' },
    ],
    ['a long group', { 'x-halftone-group': 'x'.repeat(129) }, { code: 'invalid_header', param: 'x-halftone-group' }],
    ['an empty idempotency key', { 'idempotency-key': '' }, { code: 'invalid_header', param: 'idempotency-key' }],
    ['a long idempotency key', { 'idempotency-key': 'k'.repeat(256) }, { code: 'invalid_header', param: 'idempotency-key' }],
    ['an idempotency key above ASCII', { 'idempotency-key': 'k\u00e9' }, { code: 'invalid_header', param: 'idempotency-key' }],
    [
      'a deadline that is no number',
      { 'x-halftone-deadline-ms': 'soon' },
      { code: 'invalid_header', param: 'x-halftone-deadline-ms' },
    ],
    ['a deadline of 0', { 'x-halftone-deadline-ms': '0' }, { code: 'invalid_header', param: 'x-halftone-deadline-ms' }],
    ['a max cost that is no amount', { 'x-halftone-max-cost-usd': '1e3' }, { code: 'invalid_value', param: 'max_cost_usd' }],
    [
      'a flag that is no flag',
      { 'x-halftone-allow-unsupported': 'yes' },
      { code: 'invalid_header', param: 'x-halftone-allow-unsupported' },
    ],
    ['a body switch that is none', { 'x-halftone-body': 'sometimes' }, { code: 'invalid_header', param: 'x-halftone-body' }],
  ])('%s', async (_, headers, expected) => {
    await expectError(await generate(base, headers), expected)
  })

  it.each([
    ['a bare line feed', 'a=b\nx-evil: 1'],
    ['a NUL', 'a=b\u0000c'],
  ])('%s inside a header never becomes a request', async (_, value) => {
    const answer = await raw(
      `POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway().adminKey}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nx-halftone-tags: ${value}\r\n\r\n{}`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).toContain('"invalid_request_error"')
  })

  it('a request line that is no HTTP gets the same envelope', async () => {
    expect(await raw('GARBAGE\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*"error":\{"message"/)
  })

  it('headers beyond the limit get 431 in the same envelope', async () => {
    const answer = await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nx-long: ${'x'.repeat(70_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431 [\s\S]*"error":\{"message"/)
  })
})

describe('paths and methods', () => {
  const to = (method: string, path: string, key: string | null = gateway().adminKey): Promise<Response> =>
    fetch(gateway().url + path, { method, headers: key === null ? {} : { authorization: `Bearer ${key}` } })

  it.each<[string, string, string, ExpectedError]>([
    ['an unknown path', 'GET', '/nowhere', { status: 404, type: 'not_found_error', code: 'not_found' }],
    ['an unknown path of ours', 'GET', '/v1/halftone/nowhere', { status: 404, type: 'not_found_error', code: 'not_found' }],
    ['an unknown image path', 'POST', '/v1/images/dream', { status: 404, type: 'not_found_error', code: 'not_found' }],
    [
      'a text path',
      'POST',
      '/v1/chat/completions',
      { status: 404, type: 'not_found_error', code: 'passthrough_not_configured', message: /passthrough/ },
    ],
    ['the wrong method', 'GET', '/v1/images/generations', { status: 405, code: 'method_not_allowed', message: /POST/ }],
    [
      'the wrong method on a path with an id',
      'PATCH',
      '/v1/halftone/keys/abc',
      { status: 405, code: 'method_not_allowed', message: /DELETE/ },
    ],
    [
      'an id that is not there',
      'GET',
      '/v1/halftone/requests/nope',
      { status: 404, type: 'not_found_error', code: 'not_found', param: 'id' },
    ],
    ['an id that is no text', 'GET', '/v1/halftone/requests/%00', { status: 404, type: 'not_found_error', code: 'not_found' }],
    ['a path that does not decode', 'GET', '/v1/halftone/requests/%zz', { code: 'invalid_value' }],
    ['a path without end', 'GET', `/v1/halftone/requests/${'x'.repeat(2_000)}`, { code: 'invalid_value' }],
    ['a query that is out of range', 'GET', '/v1/halftone/requests?limit=0', { code: 'invalid_value', param: 'limit' }],
    [
      'an image without a signature',
      'GET',
      '/v1/halftone/images/img_x',
      { status: 403, type: 'permission_error', code: 'forbidden' },
    ],
    [
      'an image with two signatures',
      'GET',
      '/v1/halftone/images/img_x?sig=a&sig=b&exp=1',
      { status: 403, type: 'permission_error', code: 'forbidden' },
    ],
  ])('%s', async (_, method, path, expected) => {
    await expectError(await to(method, path), expected)
  })

  it('the wrong method says which are right', async () => {
    const response = await to('DELETE', '/v1/images/generations')
    expect(response.headers.get('allow')).toBe('POST')
    await response.text()
  })
})
