/** Every key of the Images API is either sent, by a request that sets it, or answered by Halftone itself. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { testCandidate, testEncodeContext, testInput, testRequest } from '../../test/providers/attempt.ts'
import { type Capabilities, optionalParameters } from '../core/capability.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { CandidateSettings } from '../core/offer.ts'
import { type ImageRequest, type InputRole, outputFormats } from '../core/request.ts'
import type { CallBody } from './define-provider.ts'
import { openai } from './openai.ts'
import { readUsage } from './openai-dialect/usage.ts'

interface Keys {
  readonly generations: readonly string[]
  readonly edits: readonly string[]
  readonly usage: readonly string[]
  readonly svg_usage: readonly string[]
  readonly image: readonly string[]
  readonly events: readonly string[]
}
const keysFile = join(import.meta.dirname, '../../test/fixtures/providers/openai/_keys.json')
const keys = JSON.parse(readFileSync(keysFile, 'utf8')) as Keys

interface Setting {
  readonly request?: Partial<ImageRequest>
  readonly settings?: Partial<CandidateSettings>
  readonly input?: InputRole
  readonly sent: JsonValue
}

/** How each key comes to be sent. */
const handled: Readonly<Record<string, Setting>> = {
  prompt: { request: { prompt: 'p' }, sent: 'p' },
  model: { sent: 'gpt-image-2.5-sunburst' },
  n: { settings: { n: 3 }, sent: 3 },
  size: { settings: { size: { width: 1536, height: 864 } }, sent: '1536x864' },
  quality: { settings: { quality: 'max' }, sent: 'max' },
  background: { settings: { background: 'transparent' }, sent: 'transparent' },
  output_format: { settings: { format: 'webp' }, sent: 'webp' },
  output_compression: { request: { outputCompression: 0 }, sent: 0 },
  moderation: { request: { moderation: 'low' }, sent: 'low' },
  style: { request: { style: 'vivid' }, sent: 'vivid' },
  complexity: { request: { complexity: 'high' }, sent: 'high' },
  frame_count: { request: { frameCount: 4 }, sent: 4 },
  frame_duration_ms: { request: { frameDurationMs: 90 }, sent: 90 },
  svg: { request: { svg: { model: 'm', reasoningEffort: 'low' } }, sent: { model: 'm', reasoning: { effort: 'low' } } },
  stream: { request: { stream: true, partialImages: 1 }, sent: true },
  partial_images: { request: { stream: true, partialImages: 3 }, sent: 3 },
  safety_identifier: { request: { attribution: { endCustomer: 'u', tags: {} } }, sent: 'u' },
  input_fidelity: { request: { inputFidelity: 'high' }, sent: 'high' },
  image: { input: 'image', sent: 'file' },
  mask: { input: 'mask', sent: 'file' },
  markup: { input: 'markup', sent: 'file' },
}

/** Keys that are never sent, and why. */
const ours: Readonly<Record<string, string>> = {
  user: 'deprecated; sent as safety_identifier, which replaces it',
  response_format: 'Halftone answers with bytes or links itself; GPT image models know only bytes',
  images: 'the JSON form of image; edits are sent as a form, with files',
}

const [offered] = openai.offers({
  name: 'openai',
  type: 'openai',
  models: [{ id: 'gpt-image-2.5-sunburst', model: 'openai/gpt-image-2.5-sunburst', capabilities: {} }],
})

function sentMembers(operation: 'generate' | 'edit', { request, settings, input }: Setting): Record<string, JsonValue> {
  const roles: InputRole[] = operation === 'edit' ? ['image', ...(input && input !== 'image' ? [input] : [])] : []
  const inputs = roles.map((role) => testInput(Buffer.alloc(3), { role }))
  const candidate = testCandidate({ offers: [offered!] }, settings)
  return membersOf(openai.encode(testRequest({ ...request, operation, inputs }), candidate, testEncodeContext).call.body)
}

function membersOf(body: CallBody): Record<string, JsonValue> {
  if (body.kind === 'json') return body.value as Record<string, JsonValue>
  const members: Record<string, JsonValue> = {}
  if (body.kind !== 'multipart') return members
  for (const part of body.parts) {
    const [name = '', ...path] = part.name.split(/\]?\[/).map((step) => step.replace(/\]$/, ''))
    if (part.kind !== 'field') members[name] = 'file'
    else if (path.length === 0) members[name] = part.value
    else members[name] = nested(members[name] as JsonObject | undefined, path, part.value)
  }
  return members
}

function nested(into: JsonObject | undefined, [step = '', ...rest]: readonly string[], value: string): JsonObject {
  return { ...into, [step]: rest.length === 0 ? value : nested(into?.[step] as JsonObject | undefined, rest, value) }
}

const asField = (value: JsonValue): JsonValue => (typeof value === 'object' ? value : String(value))

describe.each([
  ['generations', 'generate'],
  ['edits', 'edit'],
] as const)('the keys of %s', (list, operation) => {
  test('are known', () => expect(keys[list].length).toBeGreaterThan(17))

  test.each(keys[list])('%s is handled', (key) => {
    if (ours[key]) return expect(handled[key]).toBeUndefined()
    const setting = handled[key]
    if (!setting) throw new Error(`Nothing sends "${key}".`)
    const wanted = operation === 'edit' ? asField(setting.sent) : setting.sent
    expect(sentMembers(operation, setting)[key]).toEqual(wanted)
  })

  test('nothing else is sent, and nothing that was not asked for', () => {
    const all: Setting = { sent: null, request: Object.assign({}, ...Object.values(handled).map(({ request }) => request ?? {})) }
    for (const key of Object.keys(sentMembers(operation, all))) expect(keys[list]).toContain(key)
    const plain = ['model', 'n', 'output_format', 'prompt', 'quality', 'size']
    expect(
      Object.keys(sentMembers(operation, { sent: null }))
        .filter((key) => key !== 'image')
        .sort(),
    ).toEqual(plain)
  })
})

test('every meter of usage is read: no key counts as unknown', () => {
  const usage: Record<string, Record<string, number> | number> = {}
  for (const path of keys.usage) {
    const [name = '', inner] = path.split('.')
    if (inner === undefined) usage[name] = 10
    else usage[name] = { ...(usage[name] as Record<string, number>), [inner]: 5 }
  }
  const svg = Object.fromEntries(keys.svg_usage.map((key) => [key, key === 'model' ? 'gpt' : 3]))
  expect(readUsage(usage, svg)).toEqual({
    usage: {
      'tokens.text.in': 5_000_000n,
      'tokens.image.in': 5_000_000n,
      'tokens.text.out': 5_000_000n,
      'tokens.image.out': 5_000_000n,
      'tokens.svg.in': 3_000_000n,
      'tokens.svg.out': 3_000_000n,
    },
    unknown: [],
  })
})

test.each(keys.events)('the event %s is read', (type) => {
  const candidate = testCandidate({ offers: [offered!] })
  const event = { name: type, value: { type, b64_json: { $body: 0 }, partial_image_index: 1 } }
  const decoded = openai.decodeEvent?.(event, {
    request: testRequest(),
    candidate,
    partials: 0,
    encode: testEncodeContext,
  })
  expect(decoded?.kind).toBe(type.endsWith('.completed') ? 'done' : 'partial')
})

test.each(keys.image)('the member %s of an image is read', (key) => {
  const item = key === 'url' ? { url: 'https://a.test/x' } : { b64_json: { $body: 0 }, revised_prompt: 'r' }
  const response = { status: 200, headers: {}, body: { kind: 'json' as const, value: { data: [item] } } }
  const candidate = testCandidate({ offers: [offered!] })
  const context = { request: testRequest(), candidate, partials: 0, encode: testEncodeContext }
  expect(JSON.stringify(openai.decode(response, context))).toContain(
    key === 'b64_json' ? '"body":0' : key === 'url' ? 'a.test' : '"r"',
  )
})

describe('the models', () => {
  const offers = openai.offers({ name: 'openai', type: 'openai' })
  const capabilitiesOf = (model: string): Capabilities => offers.find((offer) => offer.wireModel === model)!.capabilities

  test('are those the provider serves, and those it retired with what replaces them', () => {
    expect(offers.filter((offer) => !offer.retiredAt && !offer.tier).map((offer) => offer.wireModel)).toEqual([
      'gpt-image-2',
      'gpt-image-2.5-sunburst',
      'gpt-image-2.5-flare',
      'gpt-image-2.6-sunburst',
      'gpt-image-2.6-flare',
      'gpt-image-1.5',
      'gpt-image-1-mini',
      'chatgpt-image-latest',
    ])
    for (const offer of offers) expect(offer.replacedBy).toBe(offer.retiredAt ? 'openai/gpt-image-2' : undefined)
    expect(offers.map((offer) => offer.id)).toContain('openai:openai/gpt-image-2')
  })

  test('are in the batch lane where a source says so, without a stream and with an end that stops the bill', () => {
    const batched = offers.filter(({ tier }) => tier === 'batch')
    expect(batched.map(({ wireModel }) => wireModel)).toEqual(['gpt-image-2', 'gpt-image-1.5', 'gpt-image-1-mini'])
    for (const { capabilities } of batched) {
      expect(capabilities).toMatchObject({ asyncJobs: true, cancelStopsBilling: true, operations: ['generate', 'edit'] })
      expect(capabilities.maxPartialImages).toBeUndefined()
      expect(capabilities.parameters).not.toContain('markup')
    }
  })

  test('claim no format, quality or parameter that does not exist', () => {
    for (const { capabilities } of offers) {
      for (const parameter of capabilities.parameters) expect(optionalParameters).toContain(parameter)
      for (const format of capabilities.formats) expect(outputFormats).toContain(format)
    }
    expect(capabilitiesOf('gpt-image-2').qualities).not.toContain('xhigh')
    expect(capabilitiesOf('gpt-image-2').parameters).not.toContain('inputFidelity')
    expect(capabilitiesOf('gpt-image-1.5').sizes.kind).toBe('list')
    expect(capabilitiesOf('gpt-image-2.6-flare').formats).toContain('svg')
  })

  test.each([
    ['a bare text', { id: 'gpt-image-2', model: 'work/gpt-image-2' }, 'work:openai/gpt-image-2', 'gpt-image-2'],
    ['publisher and name', { id: 'openai/gpt-image-2', model: 'openai/gpt-image-2' }, 'work:openai/gpt-image-2', 'gpt-image-2'],
    [
      'a dated snapshot',
      { id: 'gpt-image-2-2026-04-21', model: 'work/gpt-image-2-2026-04-21' },
      'work:openai/gpt-image-2-2026-04-21',
      'gpt-image-2-2026-04-21',
    ],
    ['a deployment name', { id: 'my-deployment', model: 'openai/gpt-image-1.5' }, 'work:openai/gpt-image-1.5', 'my-deployment'],
    [
      'a region and tier',
      { id: 'gpt-image-2', model: 'openai/gpt-image-2', region: 'eu', tier: 'batch' },
      'work:openai/gpt-image-2@eu+batch',
      'gpt-image-2',
    ],
  ])('can be named in the configuration by %s', (_, changes, id, wireModel) => {
    const [offer] = openai.offers({ name: 'work', type: 'openai', models: [{ ...changes, capabilities: { maxN: 2 } }] })
    expect(offer).toMatchObject({ id, wireModel, capabilities: { maxN: 2, mask: true } })
  })
})
