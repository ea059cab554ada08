/** What clients written for DALL-E still send: each parameter is taken, mapped, or refused with the reason. */
import { describe, expect, test } from 'vitest'
import { testCandidate, testEncodeContext, testRequest } from '../../../test/providers/attempt.ts'
import type { ImageRequest } from '../../core/request.ts'
import { resolveCandidate, withoutUnsupported } from '../../core/routing/candidate.ts'
import { openai } from '../openai.ts'

const offers = openai.offers({ name: 'openai', type: 'openai' })
const offer = offers.find(({ model }) => model === 'openai/gpt-image-2')!
const size = (width: number, height: number): Partial<ImageRequest> => ({ size: { width, height } })

/** The members that are sent, or why nothing is; as when the model is named, or reached by an alias that allows what it cannot use. */
function sent(changes: Partial<ImageRequest>, allowUnsupported: boolean) {
  const request = testRequest(changes)
  const resolved = resolveCandidate(offer, request, { allowUnsupported })
  if ('elimination' in resolved) return { refused: resolved.elimination.detail }
  const { candidate } = resolved
  const { body } = openai.encode(withoutUnsupported(offer, request), candidate, testEncodeContext).call
  return {
    body: body.kind === 'json' ? body.value : {},
    warnings: candidate.warnings.map(({ code, param }) => `${code} ${param}`),
  }
}

describe('a current model, asked as DALL-E was', () => {
  test.each([
    ['quality: standard', { quality: 'standard' }, 'has quality low, medium, high', 'parameter_dropped quality'],
    ['quality: hd', { quality: 'hd' }, 'has quality low, medium, high', 'parameter_dropped quality'],
    ['style: vivid', { style: 'vivid' }, 'does not take style', 'parameter_dropped style'],
    [
      'size: 256x256',
      size(256, 256),
      'needs 655360 to 8294400 pixels; x-halftone-fit: cover could cut it from a size that it makes',
      'size_adjusted size',
    ],
    [
      'size: 512x512',
      size(512, 512),
      'needs 655360 to 8294400 pixels; x-halftone-fit: cover could cut it from a size that it makes',
      'size_adjusted size',
    ],
  ] as const)('%s is refused, or left out with a warning where that is allowed', (_, changes, refused, warning) => {
    expect(sent(changes, false)).toEqual({ refused })
    const allowed = sent(changes, true)
    expect(allowed.warnings).toEqual([warning])
    expect(allowed.body).toMatchObject({ quality: 'medium' })
    expect(allowed.body).not.toHaveProperty('style')
  })

  test.each([
    ['the wide sizes of DALL-E 3', size(1792, 1024), { size: '1792x1024' }],
    ['the tall one', size(1024, 1792), { size: '1024x1792' }],
    ['user, as what replaced it', { attribution: { endCustomer: 'u-1', tags: {} } }, { safety_identifier: 'u-1' }],
    ['response_format, which is answered here', { responseFormat: 'url' }, { size: '1024x1024' }],
  ] as const)('takes %s', (_, changes, members) => {
    const { body, warnings } = sent(changes, false)
    expect(body).toMatchObject(members)
    expect(body).not.toHaveProperty('response_format')
    expect(warnings).toEqual([])
  })

  test('a variation is no operation of it', () => {
    expect(sent({ operation: 'variation' }, true)).toEqual({ refused: 'offers generate, edit, not variation' })
  })
})

test('DALL-E itself is known with the day it ended and what replaced it', () => {
  const gone = offers.filter(({ model }) => model.startsWith('openai/dall-e-'))
  expect(gone).toMatchObject([
    { model: 'openai/dall-e-3', retiredAt: '2026-05-12', replacedBy: 'openai/gpt-image-2' },
    { model: 'openai/dall-e-2', retiredAt: '2026-05-12', replacedBy: 'openai/gpt-image-2' },
  ])
})

test('where a deployment of it still answers, it is asked in its own words', () => {
  const candidate = testCandidate({ offers }, { quality: 'hd' }, 'openai/dall-e-3')
  const { body } = openai.encode(testRequest({ style: 'natural' }), candidate, testEncodeContext).call
  const { prompt, ...members } = body.kind === 'json' ? body.value : {}
  expect(members).toEqual({
    model: 'dall-e-3',
    n: 1,
    size: '1024x1024',
    quality: 'hd',
    style: 'natural',
    response_format: 'b64_json',
  })
})
