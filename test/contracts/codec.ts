/**
 * What every codec must do, run once per provider type on its recorded exchanges. A fixture goes through the real engine
 * against a server that checks the call and replays the answer, so a codec is tested with the bytes it will meet.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { cells, claimedCells, fixtureNames, fixturesFolder, marks, testAccount } from '../../scripts/provider-matrix.ts'
import { formatQuantity, type Meter, type Quantity } from '../../src/core/usage.ts'
import type { AttemptResult, Provider } from '../../src/ports/provider.ts'
import type { ProviderDefinition } from '../../src/providers/define-provider.ts'
import { convertMask } from '../../src/providers/engine/mask.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { attempt, testCandidate, testInput, testRequest } from '../providers/attempt.ts'
import { errorListFaults, expectDocumented } from './codec-errors.ts'
import {
  bodyOf,
  type Call,
  drawSvg,
  type Exchanges,
  exchangesOf,
  type Fixture,
  hasty,
  mask,
  picture,
  readFixture,
  setupOf,
} from './codec-fixture.ts'
import { describeTimeouts } from './codec-timeouts.ts'

/** What a converted mask looks like in a call: `<white-is-edit>` or `<black-is-edit>`. */
const convertedMasks = await Promise.all(
  (['white-is-edit', 'black-is-edit'] as const).map(async (transform) => {
    const content = Readable.from([mask])
    return { transform, bytes: await convertMask(testInput(mask, { role: 'mask' }), content, transform) }
  }),
)
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

/** Run the suite on codecs and all their fixtures, which lie in folders of their ids under `root`. */
export function describeCodecs(definitions: readonly ProviderDefinition[], root = fixturesFolder): void {
  for (const definition of definitions) describeCodec(definition, root)
  describeTimeouts(definitions, root)
}

function describeCodec(definition: ProviderDefinition, root: string): void {
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

    test('accounts for each error that its provider documents, and for each exchange that fails', () => {
      expect(errorListFaults(type, root)).toEqual([])
    })

    test.each(names)('%s', async (name) => {
      const fixture = readFixture(root, type, name)
      const exchanges = exchangesOf(fixture)
      const received: Received[] = []
      const { origin, close } = await replay(exchanges, received)
      closers.push(close)
      let partials = 0
      let jobId: string | undefined
      const { result, spool } = await attempt(provider(`${origin}/v1`, fixture.config), {
        ...setupOf(fixture),
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
      expectDocumented(result, type, name, root)
      if (fixture.outcome.jobId !== undefined) expect(jobId).toBe(fixture.outcome.jobId)
      expect(partials).toBe(fixture.outcome.partials ?? 0)
      const handedOut = result.kind === 'done' ? result.images : []
      await Promise.all(handedOut.map(({ body }) => body.dispose()))
      expect(spool.open).toBe(0)
      expect(JSON.stringify(result.evidence)).not.toMatch(/sk-fixture|[A-Za-z0-9+/]{4000}/)
    })
  })
}

/** Answers the calls in order. A GET that is not the next exchange is a download of a result, and gets a picture; a DELETE tidies up. */
async function replay(exchanges: Exchanges, received: Received[]): Promise<{ origin: string; close: () => Promise<void> }> {
  let origin = ''
  const filled = (text: string): string => text.replaceAll('<image>', picture.toString('base64')).replaceAll('<origin>', origin)
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const next = exchanges[received.length]
      const isNext = next?.call
        ? next.call.path === request.url
        : next !== undefined && !['GET', 'DELETE'].includes(request.method ?? '')
      if (request.method === 'GET' && !isNext) return response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      if (request.method === 'DELETE' && !isNext) return response.writeHead(204).end()
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
