import { describe, expect, it } from 'vitest'
import { createPictureAsks } from './picture-asks.ts'

function askOf(body: unknown): string | undefined {
  const asks = createPictureAsks((model) => model === 'painter-1')
  asks.write(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
  return asks.end()
}

describe('what asks for pictures', () => {
  it.each<[string, unknown]>([
    [
      'a hosted tool',
      { model: 'gpt-6', input: 'hi', tools: [{ type: 'web_search' }, { type: 'image_generation', size: 'auto' }] },
    ],
    ['a tool of a gateway', { tools: [{ type: 'vendor:image_generation' }] }],
    ['a tool inside another', { tools: [{ type: 'namespace', tools: [{ type: 'image_generation' }] }] }],
    ['the choice of a tool', { tool_choice: { type: 'image_generation' } }],
    ['the choice of a tool as a word', { tool_choice: 'image_generation' }],
    ['allowed tools', { tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'image_generation' }] } }],
    ['an output of pictures', { messages: [], modalities: ['image', 'text'] }],
    ['an output of pictures, deeper', { extra_body: { generationConfig: { responseModalities: ['TEXT', 'IMAGE'] } } }],
    ['what is to be included', { include: ['image_generation_call.result'] }],
    ['a stored prompt', { prompt: { id: 'pmpt_1', version: '2' } }],
    ['a model that makes pictures', { model: 'painter-1', messages: [] }],
    ['such a model as a fallback', { model: 'gpt-6', models: ['gpt-6', 'painter-1'] }],
    ['a run of an evaluation', { data_source: { sampling_params: { tools: [{ type: 'image_generation' }] } } }],
    ['the first of two lists', '{"tools":[{"type":"image_generation"}],"tools":[]}'],
    ['escaped letters', '{"too\\u006cs":[{"type":"im\\u0061ge_generation"}]}'],
  ])('%s', (_, body) => {
    expect(askOf(body)).toBeTypeOf('string')
  })

  it.each<[string, unknown]>([
    ['a function of the application', { tools: [{ type: 'function', function: { name: 'image_generation' } }] }],
    ['a picture made before, as input', { input: [{ type: 'image_generation_call', id: 'ig_1', result: 'AAAA' }] }],
    ['a picture to look at', { messages: [{ content: [{ type: 'image_url', image_url: { url: 'https://a.test/x.png' } }] }] }],
    ['words about it', { input: 'image_generation', metadata: { type: 'image_generation', model: 'painter-1' } }],
    ['text and sound', { modalities: ['text', 'audio'] }],
    ['a prompt that is text', { model: 'gpt-6', prompt: 'painter-1' }],
    ['a conversation', { conversation: { id: 'conv_1' }, previous_response_id: 'resp_1' }],
    ['nothing', ''],
  ])('not: %s', (_, body) => {
    expect(askOf(body)).toBeUndefined()
  })

  it('what is no JSON is refused', () => {
    expect(() => askOf('{"tools":/*"*/[]}')).toThrow(expect.objectContaining({ code: 'invalid_json' }))
  })
})
