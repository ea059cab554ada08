/**
 * What every codec must do, run once per provider type on its recorded exchanges. A fixture goes through the real engine
 * against a server that checks the call and replays the answer, so a codec is tested with the bytes it will meet.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { CandidateSettings } from '../../src/core/offer.ts'
import type { ImageRequest, InputRole } from '../../src/core/request.ts'
import { formatQuantity, type Meter, type Quantity } from '../../src/core/usage.ts'
import type { AttemptResult, Provider } from '../../src/ports/provider.ts'
import type { ProviderDefinition } from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { attempt, testCandidate, testClock, testInput, testRequest } from '../providers/attempt.ts'
import { doublePicture } from '../support/provider-double.ts'

interface Fixture {
  /** Where the wire facts are from: specification, SDK, document, with its version or date. */
  readonly source: string
  readonly config?: Pick<ProviderConfig, 'models'>
  readonly model?: string
  readonly settings?: Partial<CandidateSettings>
  readonly request?: Partial<ImageRequest>
  /** Inputs by role; each is a small PNG. */
  readonly inputs?: readonly InputRole[]
  readonly call?: {
    readonly path: string
    readonly headers?: Readonly<Record<string, string>>
    readonly json?: JsonObject
    readonly form?: Readonly<Record<string, string>>
    readonly files?: readonly (readonly [field: string, filename: string])[]
  }
  /** In `json`, `events` and `text`, `<image>` stands for a picture in base64 and `<origin>` for this server. */
  readonly response: {
    readonly status?: number
    readonly headers?: Readonly<Record<string, string>>
    readonly json?: JsonValue
    readonly text?: string
    readonly events?: readonly JsonObject[]
  }
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
  }
}

const picture = doublePicture(1024, 1024, { bytes: 6_000 })
const fixturesDir = join(import.meta.dirname, '../fixtures/providers')

export const fixtureNames = (type: string): string[] =>
  readdirSync(join(fixturesDir, type))
    .filter((name) => name.endsWith('.json') && !name.startsWith('_'))
    .map((name) => name.slice(0, -'.json'.length))

const readFixture = (type: string, name: string): Fixture =>
  JSON.parse(readFileSync(join(fixturesDir, type, `${name}.json`), 'utf8')) as Fixture

interface Received {
  readonly request: IncomingMessage
  readonly body: Buffer
}

/** `models`: for codecs that offer nothing on their own. */
export function describeCodec(definition: ProviderDefinition, models?: ProviderConfig['models']): void {
  const type = definition.id
  const names = fixtureNames(type)
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
      ...(models ? { models } : {}),
      ...config,
    }
    const created = createCodecProvider(definition, all, { clock: testClock })
    closers.push(() => created.close())
    return created
  }

  describe(`the codec "${type}"`, () => {
    test('has fixtures, each naming its source', () => {
      expect(names.length).toBeGreaterThan(4)
      for (const name of names) expect(readFixture(type, name).source, name).toMatch(/\S{3}/)
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
        expect(capabilities.operations.includes('edit')).toBe(capabilities.maxInputs > 0)
      }
    })

    test('encodes the same call each time and changes nothing it is given', () => {
      const candidate = deepFreeze(testCandidate(provider('http://127.0.0.1:1')))
      const request = deepFreeze(testRequest({ extraBody: { [type]: { custom: [1, { a: 2 }] } } }))
      expect(definition.encode(request, candidate)).toEqual(definition.encode(request, candidate))
    })

    test.each(names)('%s', async (name) => {
      const fixture = readFixture(type, name)
      const received: Received[] = []
      const { origin, close } = await replay(fixture, received)
      closers.push(close)
      let partials = 0
      const inputs = (fixture.inputs ?? []).map((role) => testInput(picture, { role, width: 1024, height: 1024 }))
      const { result, spool } = await attempt(provider(`${origin}/v1`, fixture.config), {
        ...(fixture.model === undefined ? {} : { model: fixture.model }),
        ...(fixture.settings ? { settings: fixture.settings } : {}),
        request: { ...fixture.request, inputs, ...(inputs.length > 0 ? { operation: 'edit' } : {}) },
        files: { input: picture },
        io: {
          onPartial: async ({ body }) => {
            partials++
            await body.dispose()
          },
        },
      })
      expect(received).toHaveLength(1)
      if (fixture.call) await expectCall(received[0] as Received, fixture.call)
      expectOutcome(result, fixture.outcome)
      expect(partials).toBe(fixture.outcome.partials ?? 0)
      const handedOut = result.kind === 'done' ? result.images : []
      await Promise.all(handedOut.map(({ body }) => body.dispose()))
      expect(spool.open).toBe(0)
      expect(JSON.stringify(result.evidence)).not.toMatch(/sk-fixture|[A-Za-z0-9+/]{4000}/)
    })
  })
}

async function replay(
  { response: answer }: Fixture,
  received: Received[],
): Promise<{ origin: string; close: () => Promise<void> }> {
  let origin = ''
  const filled = (text: string): string => text.replaceAll('<image>', picture.toString('base64')).replaceAll('<origin>', origin)
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method === 'GET') return response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      received.push({ request, body: Buffer.concat(chunks) })
      const isStream = answer.events !== undefined
      const type = isStream ? 'text/event-stream' : answer.json === undefined ? 'text/plain' : 'application/json'
      response.writeHead(answer.status ?? 200, { 'content-type': type, ...answer.headers })
      const events = answer.events?.map((event) => `event: ${event['type']}\ndata: ${JSON.stringify(event)}\n\n`).join('')
      return response.end(filled(events ?? answer.text ?? JSON.stringify(answer.json)))
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

async function expectCall({ request, body }: Received, call: NonNullable<Fixture['call']>): Promise<void> {
  expect(request.url).toBe(call.path)
  for (const [name, value] of Object.entries(call.headers ?? {})) expect(request.headers[name]).toBe(value)
  if (call.json) expect(JSON.parse(body.toString())).toEqual(call.json)
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
