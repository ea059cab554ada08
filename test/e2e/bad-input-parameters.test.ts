/** Bad parameters of a generation: the right status, type and code, a message that names the parameter, and no bill. */
import { describe, it } from 'vitest'
import { base, type ExpectedError, expectError, targetOfBadInput } from '../support/bad-input.ts'

const { generate, post } = targetOfBadInput()
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

describe('parameters of a generation', () => {
  it.each<[string, unknown, ExpectedError]>([
    [
      'an unknown model names near ones',
      { ...base, model: 'gpt-imag-2' },
      {
        status: 404,
        type: 'not_found_error',
        code: 'model_not_found',
        param: 'model',
        message: /Did you mean "openai\/gpt-image-2"/,
      },
    ],
    [
      'an unknown offer of a provider',
      { ...base, model: 'openai:openai/gpt-image-99' },
      { status: 404, type: 'not_found_error', code: 'model_not_found', param: 'model' },
    ],
    [
      'a retired model names its replacement',
      { ...base, model: 'dall-e-2' },
      { status: 404, type: 'not_found_error', code: 'model_retired', param: 'model', message: /openai\/gpt-image-2/ },
    ],
    ['a model that is no text', { ...base, model: 7 }, { code: 'invalid_value', param: 'model' }],
    ['a model of no length', { ...base, model: '' }, { code: 'invalid_value', param: 'model' }],
    ['a size of the wrong form', { ...base, size: 'huge' }, { code: 'invalid_value', param: 'size', message: /WIDTHxHEIGHT/ }],
    ['a size the model does not make', { ...base, size: '100x100' }, { code: 'unsupported_parameter', param: 'size' }],
    ['a size without end', { ...base, size: '99999999x1' }, { code: 'invalid_value', param: 'size' }],
    ['n of 0', { ...base, n: 0 }, { code: 'invalid_value', param: 'n' }],
    ['n above the limit', { ...base, n: 11 }, { code: 'invalid_value', param: 'n' }],
    ['n below zero', { ...base, n: -1 }, { code: 'invalid_value', param: 'n' }],
    ['n with a fraction', { ...base, n: 1.5 }, { code: 'invalid_value', param: 'n' }],
    ['n as text', { ...base, n: '2' }, { code: 'invalid_value', param: 'n' }],
    ['an empty prompt', { ...base, prompt: '' }, { code: 'invalid_value', param: 'prompt', message: /empty/ }],
    ['no prompt', { model: base.model }, { code: 'missing_required_parameter', param: 'prompt' }],
    ['a prompt that is null', { ...base, prompt: null }, { code: 'invalid_value', param: 'prompt' }],
    [
      'a prompt beyond the limit',
      { ...base, prompt: 'x'.repeat(32_001) },
      { code: 'invalid_value', param: 'prompt', message: /32000/ },
    ],
    ['a prompt with a NUL', { ...base, prompt: 'a\u0000b' }, { code: 'invalid_value', param: 'prompt' }],
    ['a user with a NUL', { ...base, user: 'a\u0000b' }, { code: 'invalid_value', param: 'user' }],
    ['a quality nobody has', { ...base, quality: 'ultra' }, { code: 'invalid_value', param: 'quality' }],
    ['a quality this model does not have', { ...base, quality: 'hd' }, { code: 'unsupported_parameter', param: 'quality' }],
    ['a format nobody has', { ...base, output_format: 'bmp' }, { code: 'invalid_value', param: 'output_format' }],
    ['a style on a model without', { ...base, style: 'vivid' }, { code: 'unsupported_parameter', param: 'style' }],
    [
      'transparent jpeg',
      { ...base, background: 'transparent', output_format: 'jpeg' },
      { code: 'unsupported_parameter', param: 'background' },
    ],
    ['partial images without a stream', { ...base, partial_images: 2 }, { code: 'invalid_value', param: 'partial_images' }],
    ['too many partial images', { ...base, stream: true, partial_images: 4 }, { code: 'invalid_value', param: 'partial_images' }],
    ['an unknown parameter', { ...base, sise: '1024x1024' }, { code: 'unknown_parameter', param: 'sise' }],
    ['an unknown option of ours', { ...base, halftone: { budget: 1 } }, { code: 'unknown_parameter', param: 'halftone.budget' }],
    [
      'a max cost that is no amount',
      { ...base, halftone: { max_cost_usd: 'cheap' } },
      { code: 'invalid_value', param: 'halftone.max_cost_usd' },
    ],
    [
      'a max cost below the price',
      { ...base, halftone: { max_cost_usd: '0.001' } },
      { code: 'cost_limit_exceeded', param: 'max_cost_usd' },
    ],
    ['images on a generation', { ...base, images: [{ image_url: 'https://example.com/a.png' }] }, { code: 'unknown_parameter' }],
    [
      'prototype keys',
      '{"model":"gpt-image-2","prompt":"a fox","__proto__":{"n":2}}',
      { code: 'unknown_parameter', param: '__proto__' },
    ],
    [
      'a constructor key',
      '{"model":"gpt-image-2","prompt":"a fox","constructor":{"prototype":{"n":2}}}',
      { code: 'unknown_parameter', param: 'constructor' },
    ],
    [
      'prototype keys among tags',
      '{"model":"gpt-image-2","prompt":"a fox","halftone":{"tags":{"__proto__":"x"}}}',
      { code: 'unknown_parameter', param: 'halftone.tags.__proto__' },
    ],
    [
      'too many tags',
      { ...base, halftone: { tags: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`t${i}`, 'x'])) } },
      { code: 'invalid_value' },
    ],
    ['deep JSON', `{"model":"gpt-image-2","prompt":"a fox","extra_body":${deep(100_000)}}`, { code: 'invalid_json' }],
    ['JSON that is cut off', '{"model":"gpt-image-2","prompt":"a f', { code: 'invalid_json' }],
    ['JSON with a tail', '{"model":"gpt-image-2","prompt":"a fox"} {}', { code: 'invalid_json' }],
    ['no JSON at all', 'model=gpt-image-2&prompt=fox', { code: 'invalid_json' }],
    ['a JSON list', '[1,2]', { code: 'invalid_json' }],
    ['an empty body', '', { code: 'invalid_json' }],
    ['JSON that is no UTF-8 text', '{"model":"gpt-image-2","prompt":"\\ud800"}', { code: 'invalid_value', param: 'prompt' }],
    [
      'parameters of more than a MiB',
      JSON.stringify({ ...base, user: 'x, '.repeat(400_000) }),
      { status: 413, code: 'body_too_large' },
    ],
  ])('%s', async (_, body, expected) => {
    await expectError(await generate(body), expected)
  })

  it.each([
    ['missing', undefined],
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['nonsense', 'application'],
  ])('a content type that is %s is 415', async (_, type) => {
    const response = await post(
      '/v1/images/generations',
      new Blob([JSON.stringify(base)]),
      type === undefined ? {} : { 'content-type': type },
    )
    await expectError(response, { status: 415, code: 'unsupported_content_type', message: /application\/json/ })
  })

  it('multipart on generations is 415', async () => {
    const form = new FormData()
    form.append('prompt', 'a fox')
    await expectError(await post('/v1/images/generations', form), { status: 415, code: 'unsupported_content_type' })
  })
})
