/**
 * What every codec must do, run once per provider type on its recorded exchanges. A fixture goes through the real engine
 * against a server that checks the call and replays the answer, so a codec is tested with the bytes it will meet.
 */

import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Cell,
  cells,
  claimedCells,
  fixtureNames,
  fixturesFolder,
  type Mark,
  marks,
  testAccount,
} from '../../scripts/provider-matrix.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { CandidateSettings } from '../../src/core/offer.ts'
import type { ImageInput, ImageRequest, InputRole, Operation } from '../../src/core/request.ts'
import { formatQuantity, type Meter, type Quantity } from '../../src/core/usage.ts'
import type { AttemptResult, Provider } from '../../src/ports/provider.ts'
import type { ProviderDefinition } from '../../src/providers/define-provider.ts'
import { convertMask } from '../../src/providers/engine/mask.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { createSvgDrawer } from '../../src/steps/svg/draw.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from '../providers/attempt.ts'
import { doubleMask } from '../support/double-picture.ts'
import { doublePicture } from '../support/provider-double.ts'

interface Fixture {
  /** Where the wire facts are from: specification, SDK, document, with its version or date. */
  readonly source: string
  /**
   * How sure the wire format is: the call was held against the stored specification (`spec`), the vendor's own SDK talks to the
   * double (`sdk`), official documentation (`documented`), or none of them (`assumed`).
   */
  readonly mark?: Mark
  /** Cells of the provider matrix this exchange shows. */
  readonly proves?: readonly Cell[]
  readonly config?: Pick<ProviderConfig, 'models' | 'options' | 'region' | 'timeoutMs'>
  readonly model?: string
  readonly settings?: Partial<CandidateSettings>
  /** `edit` when there are inputs, else `generate`. */
  readonly operation?: Operation
  readonly request?: Partial<ImageRequest>
  /** Each is a small PNG, `<image>` in a JSON call, or `<white-is-edit>` and `<black-is-edit>` for a mask that was converted; `control` inputs say of what kind. */
  readonly inputs?: readonly (InputRole | (Pick<ImageInput, 'role'> & Partial<ImageInput>))[]
  readonly webhookUrl?: string
  /** One exchange, or several in order: upload, submit, polls, result. */
  readonly call?: Call
  readonly response?: Answer
  readonly exchanges?: readonly { readonly call?: Call; readonly response: Answer }[]
  readonly outcome: {
    readonly kind: 'done' | 'failed'
    readonly images?: number
    readonly partials?: number
    readonly usage?: Readonly<Record<string, string>> | null
    readonly reportedCost?: JsonObject | null
    readonly failure?: JsonObject
    readonly failures?: readonly string[]
    readonly warnings?: readonly string[]
    readonly revisedPrompt?: string
    readonly seed?: number
    /** The id under which a job was put on record. */
    readonly jobId?: string
  }
}

interface Call {
  /** `POST` when absent. */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: JsonObject | readonly JsonValue[]
  readonly form?: Readonly<Record<string, string>>
  readonly files?: readonly (readonly [field: string, filename: string])[]
}

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** In `json`, `events` and `text`, `<image>` stands for a picture in base64 and `<origin>` for this server. */
  readonly json?: JsonValue
  readonly text?: string
  readonly events?: readonly JsonObject[]
  /** The body is a picture; `true` is a PNG. */
  readonly image?: true
  /** Parts of a multipart answer: JSON, or a picture for `<image>`. */
  readonly parts?: Readonly<Record<string, JsonValue>>
}

const picture = doublePicture(1024, 1024, { bytes: 6_000 })
const mask = await doubleMask(1024, 1024)
const drawSvg = createSvgDrawer()
/** What a converted mask looks like in a call: `<white-is-edit>` or `<black-is-edit>`. */
const convertedMasks = await Promise.all(
  (['white-is-edit', 'black-is-edit'] as const).map(async (transform) => {
    const content = Readable.from([mask])
    return { transform, bytes: await convertMask(testInput(mask, { role: 'mask' }), content, transform) }
  }),
)
const readFixture = (root: string, type: string, name: string): Fixture =>
  JSON.parse(readFileSync(join(root, type, `${name}.json`), 'utf8')) as Fixture

/** Masks are pictures of their own: they have an alpha channel. */
const inputOf = (changes: Partial<ImageInput>): ImageInput =>
  changes.role === 'mask'
    ? testInput(mask, { width: 1024, height: 1024, sha256: 'mask', ...changes })
    : testInput(picture, { width: 1024, height: 1024, ...changes })

/** A JSON body with images written as in fixtures. */
function readable(body: Buffer, origin: string): string {
  let text = body.toString()
  for (const image of [picture, mask]) text = text.replaceAll(image.toString('base64'), '<image>')
  for (const { transform, bytes } of convertedMasks) text = text.replaceAll(bytes.toString('base64'), `<${transform}>`)
  return text.replaceAll(origin, '<origin>')
}

interface Received {
  readonly request: IncomingMessage
  readonly body: Buffer
}

/** Jobs are asked about every few seconds; a replayed answer is there at once. */
const hasty = { ...testClock, sleep: (ms: number, signal?: AbortSignal) => testClock.sleep(Math.min(ms, 20), signal) }

/** Run the suite on a codec and all its fixtures, which lie in a folder of its id under `root`. */
export function describeCodec(definition: ProviderDefinition, root = fixturesFolder): void {
  const type = definition.id
  const names = fixtureNames(type, root)
  const account = testAccount(type, root)
  const closers: (() => Promise<void>)[] = []
  afterAll(async () => {
    await Promise.all(closers.map((close) => close()))
  })

  const provider = (baseUrl: string, config: Fixture['config'] = {}): Provider => {
    const all: ProviderConfig = {
      name: 'account',
      type,
      baseUrl,
      apiKey: { reveal: () => 'sk-fixture' },
      timeoutMs: 5_000,
      ...account,
      ...config,
    }
    const created = createCodecProvider(definition, all, { clock: hasty, drawSvg })
    closers.push(() => created.close())
    return created
  }

  describe(`the codec "${type}"`, () => {
    test('has fixtures, each naming its source', () => {
      expect(names.length).toBeGreaterThan(4)
      for (const name of names) expect(readFixture(root, type, name).source, name).toMatch(/\S{3}/)
    })

    test('has offers whose defaults are among what they can do, under ids of their own', () => {
      const { offers } = provider('http://127.0.0.1:1')
      expect(offers.length).toBeGreaterThan(0)
      expect(new Set(offers.map((offer) => offer.id)).size).toBe(offers.length)
      for (const { id, capabilities } of offers) {
        expect(id).toMatch(/^account:[^/\s]+\/\S+$/)
        expect(capabilities.formats).toContain(capabilities.defaultFormat)
        if (capabilities.qualities.length > 0) expect(capabilities.qualities).toContain(capabilities.defaultQuality)
        else expect(capabilities.defaultQuality).toBeUndefined()
        if (capabilities.sizes.kind === 'list') expect(capabilities.sizes.sizes).toContainEqual(capabilities.defaultSize)
        const takesInputs = capabilities.operations.some((operation) => operation !== 'generate')
        expect(takesInputs, id).toBe(capabilities.maxInputs > 0)
        expect(capabilities.operations.includes('upscale'), id).toBe(capabilities.upscale !== undefined)
      }
    })

    test('encodes the same call each time and changes nothing it is given', () => {
      const candidate = deepFreeze(testCandidate(provider('http://127.0.0.1:1')))
      const request = deepFreeze(testRequest({ extraBody: { [type]: { custom: [1, { a: 2 }] } } }))
      const context = deepFreeze({ attemptId: 'a', options: account.options ?? {}, webhookUrl: 'https://halftone.example/hook' })
      expect(definition.encode(request, candidate, context)).toEqual(definition.encode(request, candidate, context))
    })

    test('shows each thing its offers can do by an exchange of a stated source', () => {
      const { offers } = provider('http://127.0.0.1:1')
      const fixtures = names.map((name) => ({ name, ...readFixture(root, type, name) }))
      const shown = new Set(fixtures.flatMap(({ proves = [] }) => proves))
      // Codecs that came before the matrix show their cells by name of the fixture.
      if (shown.size === 0) return
      for (const { name, proves = [], mark } of fixtures) {
        for (const cell of proves) expect(cells, name).toContain(cell)
        if (proves.length > 0) expect(marks, name).toContain(mark)
      }
      expect([...claimedCells(offers.map(({ capabilities }) => capabilities))].filter((cell) => !shown.has(cell))).toEqual([])
    })

    test.each(names)('%s', async (name) => {
      const fixture = readFixture(root, type, name)
      const exchanges = fixture.exchanges ?? [{ ...(fixture.call && { call: fixture.call }), response: fixture.response ?? {} }]
      const received: Received[] = []
      const { origin, close } = await replay(exchanges, received)
      closers.push(close)
      let partials = 0
      let jobId: string | undefined
      const inputs = (fixture.inputs ?? []).map((each) => inputOf({ ...(typeof each === 'string' ? { role: each } : each) }))
      const operation = fixture.operation ?? (inputs.length > 0 ? 'edit' : 'generate')
      const { result, spool } = await attempt(provider(`${origin}/v1`, fixture.config), {
        ...(fixture.model === undefined ? {} : { model: fixture.model }),
        ...(fixture.settings ? { settings: fixture.settings } : {}),
        ...(fixture.webhookUrl === undefined ? {} : { webhookUrl: fixture.webhookUrl }),
        request: { ...fixture.request, inputs, operation },
        files: { input: picture, mask },
        io: {
          onPartial: async ({ body }) => {
            partials++
            await body.dispose()
          },
          onSubmitted: async (job) => {
            jobId = job.jobId
          },
        },
      })
      expect(received).toHaveLength(exchanges.length)
      for (const [index, { call }] of exchanges.entries()) if (call) await expectCall(received[index] as Received, call, origin)
      expectOutcome(result, fixture.outcome)
      if (fixture.outcome.jobId !== undefined) expect(jobId).toBe(fixture.outcome.jobId)
      expect(partials).toBe(fixture.outcome.partials ?? 0)
      const handedOut = result.kind === 'done' ? result.images : []
      await Promise.all(handedOut.map(({ body }) => body.dispose()))
      expect(spool.open).toBe(0)
      expect(JSON.stringify(result.evidence)).not.toMatch(/sk-fixture|[A-Za-z0-9+/]{4000}/)
    })
  })
}

/** Answers the calls in order. A GET that is not the next exchange is a download of a result, and gets a picture. */
async function replay(
  exchanges: NonNullable<Fixture['exchanges']>,
  received: Received[],
): Promise<{ origin: string; close: () => Promise<void> }> {
  let origin = ''
  const filled = (text: string): string => text.replaceAll('<image>', picture.toString('base64')).replaceAll('<origin>', origin)
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const next = exchanges[received.length]
      const isNext = next?.call ? next.call.path === request.url : next !== undefined && request.method !== 'GET'
      if (request.method === 'GET' && !isNext) return response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      received.push({ request, body: Buffer.concat(chunks) })
      const answer = next?.response ?? { status: 500, text: 'one call too many' }
      const { type, body } = bodyOf(answer, filled)
      response.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers })
      return response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return {
    origin,
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

function bodyOf(answer: Answer, filled: (text: string) => string): { type: string; body: string | Buffer } {
  if (answer.image) return { type: 'image/png', body: picture }
  if (answer.parts) return { type: 'multipart/form-data; boundary=part', body: multipartOf(answer.parts, filled) }
  if (answer.events) {
    const events = answer.events.map((event) => `event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`).join('')
    return { type: 'text/event-stream', body: filled(events) }
  }
  return answer.json === undefined
    ? { type: 'text/plain', body: filled(answer.text ?? '') }
    : { type: 'application/json', body: filled(JSON.stringify(answer.json)) }
}

function multipartOf(parts: Readonly<Record<string, JsonValue>>, filled: (text: string) => string): Buffer {
  const pieces = Object.entries(parts).flatMap(([name, value]) => {
    const isImage = value === '<image>'
    const file = isImage ? 'png' : 'json'
    const head = `--part\r\ncontent-disposition: form-data; name="${name}"; filename="${name}.${file}"\r\ncontent-type: ${isImage ? 'image/png' : 'application/json'}\r\n\r\n`
    return [Buffer.from(head), isImage ? picture : Buffer.from(filled(JSON.stringify(value))), Buffer.from('\r\n')]
  })
  return Buffer.concat([...pieces, Buffer.from('--part--\r\n')])
}

async function expectCall({ request, body }: Received, call: Call, origin: string): Promise<void> {
  expect(request.method).toBe(call.method ?? 'POST')
  expect(request.url).toBe(call.path)
  for (const [name, value] of Object.entries(call.headers ?? {})) expect(request.headers[name]).toBe(value)
  if (call.json) expect(JSON.parse(readable(body, origin))).toEqual(call.json)
  if (!call.form) return
  const type = String(request.headers['content-type'])
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
  const entries = [...form.entries()]
  expect(Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'))).toEqual(call.form)
  expect(entries.flatMap(([name, value]) => (typeof value === 'string' ? [] : [[name, value.name]]))).toEqual(call.files ?? [])
}

function expectOutcome(result: AttemptResult, outcome: Fixture['outcome']): void {
  if (result.kind === 'failed' && outcome.kind === 'done') throw new Error(`It failed: ${result.failure.message}`)
  expect(result.kind).toBe(outcome.kind)
  const usage = result.kind === 'done' ? result.usage : result.failure.usage
  if (outcome.usage !== undefined) expect(usage === undefined ? null : readableUsage(usage)).toEqual(outcome.usage)
  if (result.kind === 'failed') {
    expect(result.failure).toMatchObject(outcome.failure ?? {})
    return
  }
  expect(result.images).toHaveLength(outcome.images ?? 1)
  if (outcome.reportedCost !== undefined) expect(result.reportedCost ?? null).toEqual(outcome.reportedCost)
  expect(result.failures.map(({ code }) => code)).toEqual(outcome.failures ?? [])
  expect(result.warnings.map(({ code }) => code)).toEqual(outcome.warnings ?? [])
  if (outcome.revisedPrompt !== undefined) expect(result.images[0]?.revisedPrompt).toBe(outcome.revisedPrompt)
  if (outcome.seed !== undefined) expect(result.images[0]?.seed).toBe(outcome.seed)
}

const readableUsage = (usage: Readonly<Partial<Record<Meter, Quantity>>>): Record<string, string> =>
  Object.fromEntries(Object.entries(usage).map(([meter, quantity]) => [meter, formatQuantity(quantity)]))

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(deepFreeze)
  }
  return value
}
