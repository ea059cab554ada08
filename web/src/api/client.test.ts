import { describe, expect, it } from 'vitest'
import { ApiError, errorOf, remedyOf, urlOf } from './client.ts'

const headers = new Headers({ 'x-request-id': 'from-header' })

describe('calling the gateway', () => {
  it('ids are escaped and undefined queries left out', () => {
    expect(urlOf('/v1/x/{id}', 'a/b?c', { limit: 5, cursor: undefined })).toBe('/v1/x/a%2Fb%3Fc?limit=5')
  })

  it('the envelope becomes an error with everything to act on', () => {
    const body = { error: { message: 'No such size.', code: 'invalid_value', param: 'size', type: 'invalid_request_error' } }
    expect(errorOf({ status: 400, headers }, body)).toMatchObject({
      code: 'invalid_value',
      param: 'size',
      status: 400,
      requestId: 'from-header',
      message: 'No such size.',
    })
  })

  it.each([undefined, null, 'text', {}, { error: {} }])('an answer without an envelope still is an error: %o', (body) => {
    expect(errorOf({ status: 502, headers: new Headers() }, body)).toMatchObject({ code: 'unexpected_answer', status: 502 })
  })

  it('the remedy comes from the catalogue, unless the message has it', () => {
    const error = (message: string, code = 'invalid_api_key') => new ApiError({ code, message, status: 401 })
    const remedy = remedyOf(error('The key is wrong.'))
    expect(remedy).toContain('halftone keys')
    expect(remedyOf(error(`The key is wrong. ${remedy}`))).toBeUndefined()
    expect(remedyOf(error('?', 'toString'))).toBeUndefined()
    expect(remedyOf(error('?', 'no_connection'))).toContain('halftone serve')
  })
})
