/** OpenAI's batch lane against a stateful double, which OpenAI's own SDK reads as well. */
import OpenAI, { toFile } from 'openai'
import { afterEach, describe, expect, test } from 'vitest'
import { HalftoneError } from '../../src/core/error.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { Provider } from '../../src/ports/provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { openai } from '../../src/providers/openai.ts'
import type { ProviderConfig } from '../../src/providers/provider-config.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type OpenaiDouble, type OpenaiScript, openaiKey, startOpenai } from '../support/doubles/openai.ts'
import { crashAndResume } from '../support/jobs.ts'
import { type AttemptSetup, attempt, testCandidate, testClock, testInput, testRequest } from './attempt.ts'
import { byTheBook } from './book.ts'
import { readAll } from './memory-spool.ts'

const picture = doublePicture(64, 64)
const hasty = { ...testClock, sleep: (_: number, signal?: AbortSignal) => testClock.sleep(1, signal) }
/** Polls come at once, tidying when the account is closed. */
const untidy = {
  ...testClock,
  sleep: (ms: number, signal?: AbortSignal) => testClock.sleep(ms === 30_000 ? ms : 1, signal),
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

interface Account {
  readonly provider: Provider
  readonly double: OpenaiDouble
}

async function account(script: OpenaiScript = {}, config: Partial<ProviderConfig> = {}, clock = untidy): Promise<Account> {
  const double = await startOpenai(script)
  const model = { id: 'gpt-image-2', model: 'openai/gpt-image-2', tier: 'batch', capabilities: {} }
  const all = { name: 'openai', type: 'openai', baseUrl: `${double.origin}/v1`, models: [model], ...config }
  const provider = createCodecProvider(openai, { apiKey: { reveal: () => openaiKey }, ...all }, { clock })
  closers.push(
    () => double.close(),
    () => provider.close(),
  )
  return { provider, double }
}

const failureOf = async (provider: Provider, setup: AttemptSetup = {}) => {
  const { result } = await attempt(provider, setup)
  if (result.kind !== 'failed') throw new Error('It did not fail.')
  return result.failure
}
const linesOf = (double: OpenaiDouble): readonly string[] => double.calls.map(({ method, path }) => `${method} ${path}`)

describe('the batch lane', () => {
  test('makes one batch of one line, on record before it is asked about, at half the price', async () => {
    const { provider, double } = await account()
    const jobs: string[] = []
    const { result } = await attempt(provider, { io: { onSubmitted: async ({ jobId }) => void jobs.push(jobId) } })
    expect(result.kind === 'failed' ? result.failure : result.kind).toBe('done')
    expect(linesOf(double)).toEqual([
      'POST /v1/files',
      'POST /v1/batches',
      'GET /v1/batches/batch_1',
      'GET /v1/batches/batch_1',
      'GET /v1/files/file-2/content',
    ])
    expect(jobs).toEqual(['file-1', 'batch_1'])
    const offers = openai.offers({ name: 'openai', type: 'openai' }).filter(({ model }) => model === 'openai/gpt-image-2')
    const [charged, atOnce] = await Promise.all(
      ['batch', undefined].map((tier) => {
        const candidate = testCandidate({ offers: offers.filter((offer) => offer.tier === tier) })
        return byTheBook(candidate, testRequest(), result)
      }),
    )
    expect([charged?.chargedNanoUsd, charged?.provenance]).toEqual([(atOnce?.chargedNanoUsd ?? 0n) / 2n, 'metered'])
  })

  test('puts the pictures of an edit into the file, byte for byte, and brings each of several results', async () => {
    const { provider, double } = await account()
    const inputs = [testInput(picture), testInput(picture, { role: 'reference' }), testInput(picture, { role: 'mask' })]
    const { result } = await attempt(provider, {
      request: { operation: 'edit', inputs },
      settings: { n: 3 },
      files: { input: picture },
    })
    expect(result).toMatchObject({ kind: 'done', images: [{}, {}, {}], failures: [] })
    const [line] = double.batches.get('batch_1')?.lines ?? []
    const image_url = `data:image/png;base64,${picture.toString('base64')}`
    expect(line).toMatchObject({
      custom_id: 'attempt-1',
      url: '/v1/images/edits',
      body: { images: [{ image_url }, { image_url }], mask: { image_url } },
    })
  })

  test.each(['application/octet-stream', 'text/plain', 'application/jsonl', 'application/json'])(
    'reads a file of several megabytes as %s without holding it',
    async (contentType) => {
      const { provider } = await account({ pictureBytes: 6_000_000, contentType })
      const { result, spool } = await attempt(provider, { settings: { n: 2 } })
      if (result.kind !== 'done') throw new Error(result.failure.message)
      for (const [seed, { body }] of result.images.entries()) {
        expect((await readAll(body)).equals(doublePicture(1024, 1024, { seed, bytes: 6_000_000 }))).toBe(true)
        await body.dispose()
      }
      expect(spool.open).toBe(0)
      expect(JSON.stringify(result.evidence).length).toBeLessThan(20_000)
    },
  )

  test('a refused line is the refusal that the API itself would have answered', async () => {
    const { provider } = await account()
    expect(await failureOf(provider, { request: { prompt: 'something forbidden' } })).toMatchObject({
      code: 'content_refused',
      stage: 'before',
      billed: 'no',
    })
  })

  test('a member that the API does not have is refused in its line, at no cost', async () => {
    const { provider } = await account()
    const failed = await failureOf(provider, { request: { extraBody: { openai: { guidance: 3 } } } })
    expect(failed).toMatchObject({ code: 'provider_rejected', billed: 'no' })
    expect(failed.message).toContain('guidance')
  })

  test.each([
    ['expired', 'provider_timeout'],
    ['cancelled', 'provider_error'],
  ] as const)('a batch that is %s before its work is done costs nothing', async (ending, code) => {
    const { provider } = await account({ ending })
    expect(await failureOf(provider)).toMatchObject({ code, billed: 'no' })
  })

  test('is not the lane of an offer at once', async () => {
    const { provider, double } = await account(
      {},
      { models: [{ id: 'gpt-image-2', model: 'openai/gpt-image-2', capabilities: {} }] },
    )
    await attempt(provider)
    expect(linesOf(double)).toEqual(['POST /v1/images/generations'])
  })
})

describe('a crash', () => {
  /** The process dies when it records a job for the given time: 1 is before the batch is created, 2 after. */
  async function crashAt(record: number, { provider }: Account): Promise<JsonValue> {
    let resume: JsonValue = null
    let records = 0
    const crash = new AbortController()
    const onSubmitted = async (job: { readonly resume: JsonValue }): Promise<void> => {
      records += 1
      if (records === record) crash.abort()
      // What is written after the crash is lost.
      if (records <= record) resume = JSON.parse(JSON.stringify(job.resume)) as JsonValue
    }
    await attempt(provider, { io: { signal: crash.signal, onSubmitted } })
    return resume
  }

  test('after the batch is on record resumes it and pays once', async () => {
    const own = await account()
    const { result } = await attempt(own.provider, { resume: await crashAt(2, own) })
    expect(result.kind).toBe('done')
    expect([own.double.batches.size, own.double.files.size]).toEqual([1, 2])
  })

  test('between upload and creation pays nothing, says so, and leaves no file', async () => {
    const own = await account()
    const { cut, resumed } = await crashAndResume(own.provider, {})
    expect([cut, resumed]).toMatchObject([
      { failure: { code: 'cancelled', billed: 'no' } },
      { failure: { code: 'provider_error', billed: 'no' } },
    ])
    expect(own.double.batches.size).toBe(0)
    await own.provider.close()
    expect(own.double.files.size).toBe(0)
  })

  test('between creation and record finds the batch by its attempt, and pays once', async () => {
    const own = await account()
    const resume = await crashAt(1, own)
    const client = new OpenAI({ apiKey: openaiKey, baseURL: `${own.double.origin}/v1` })
    const input_file_id = [...own.double.files.keys()][0] ?? ''
    const common = { input_file_id, endpoint: '/v1/images/generations', completion_window: '24h' } as const
    await client.batches.create({ ...common, metadata: { halftone_attempt: 'attempt-1' } })
    for (const attemptId of ['attempt-2', 'attempt-3']) {
      await client.batches.create({ ...common, metadata: { halftone_attempt: attemptId } })
    }
    const { result } = await attempt(own.provider, { resume })
    expect(result.kind).toBe('done')
    expect(linesOf(own.double)).toContain('GET /v1/batches/batch_1')
    expect(own.double.batches.size).toBe(3)
  })
})

describe('files of prompts and pictures', () => {
  test('stay until the result had time to be on record, and are deleted then', async () => {
    const { provider, double } = await account()
    expect((await attempt(provider)).result.kind).toBe('done')
    expect(double.files.size).toBe(2)
    await provider.close()
    expect(double.files.size).toBe(0)
  })

  test('are deleted while the account is in use, without being asked for', async () => {
    const { provider, double } = await account({}, {}, hasty)
    await attempt(provider, { request: { prompt: 'something forbidden' } })
    await expect.poll(() => double.files.size, { timeout: 20_000 }).toBe(0)
  })

  test('that cannot be deleted fail nothing, and expire by themselves', async () => {
    const { provider, double } = await account({ keepsFiles: true })
    expect((await attempt(provider)).result.kind).toBe('done')
    await provider.close()
    expect([...double.files.values()].map(({ expiresAfter }) => expiresAfter)).toEqual([604_800, undefined])
    expect(double.batches.get('batch_1')?.object['output_expires_after']).toEqual({ anchor: 'created_at', seconds: 604_800 })
  })
})

describe('a client that leaves', () => {
  test('ends a batch that has not begun, and pays nothing', async () => {
    const { provider, double } = await account({ ending: 'never' })
    const gone = new AbortController()
    const onSubmitted = async ({ jobId }: { readonly jobId: string }): Promise<void> => {
      if (jobId === 'batch_1') gone.abort(new HalftoneError('cancelled', 'The client left.'))
    }
    const { result } = await attempt(provider, { io: { signal: gone.signal, onSubmitted } })
    expect(result).toMatchObject({ failure: { code: 'cancelled', billed: 'no' } })
    expect(double.batches.get('batch_1')?.status).toBe('cancelled')
  })

  test('ends a batch that runs; nobody knows what is still done of it', async () => {
    const { provider, double } = await account({ ending: 'never' })
    const gone = new AbortController()
    const left = attempt(provider, { io: { signal: gone.signal } })
    await expect.poll(() => double.batches.get('batch_1')?.status, { timeout: 20_000 }).toBe('in_progress')
    gone.abort(new HalftoneError('cancelled', 'The client left.'))
    expect((await left).result).toMatchObject({ failure: { code: 'cancelled', billed: 'unknown' } })
    expect(double.batches.get('batch_1')?.status).toBe('cancelling')
  })
})

test('a wrong key is told at the upload, and costs nothing', async () => {
  const { provider, double } = await account({}, { apiKey: { reveal: () => 'sk-another-key' } })
  expect(await failureOf(provider)).toMatchObject({ code: 'provider_auth', billed: 'no' })
  expect(double.calls).toHaveLength(1)
})

test('an upload that is never answered costs nothing: nobody bills uploads', async () => {
  const { provider } = await account({ swallows: true }, { timeoutMs: 300 })
  expect(await failureOf(provider)).toMatchObject({ code: 'provider_timeout', billed: 'no' })
})

test("OpenAI's SDK drives the double through the life of a batch", async () => {
  const { double } = await account()
  const client = new OpenAI({ apiKey: openaiKey, baseURL: `${double.origin}/v1`, maxRetries: 0 })
  const body = { model: 'gpt-image-2', prompt: 'a kite', n: 1, size: '1024x1024' }
  const text = JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/images/generations', body })
  const input = await client.files.create({
    file: await toFile(Buffer.from(text), 'in.jsonl'),
    purpose: 'batch',
    expires_after: { anchor: 'created_at', seconds: 3600 },
  })
  const create = () =>
    client.batches.create({ input_file_id: input.id, endpoint: '/v1/images/generations', completion_window: '24h' })
  const { id } = await create()
  const states: string[] = []
  let batch = await client.batches.retrieve(id)
  for (; batch.status !== 'completed'; batch = await client.batches.retrieve(id)) states.push(batch.status)
  expect(states).toEqual(['in_progress'])
  expect(batch.request_counts).toEqual({ total: 1, completed: 1, failed: 0 })
  const [line = ''] = (await (await client.files.content(batch.output_file_id ?? '')).text()).split('\n')
  const answer = JSON.parse(line) as { custom_id: string; response: { status_code: number; body: { data: JsonObject[] } } }
  expect([answer.custom_id, answer.response.status_code, answer.response.body.data.length]).toEqual(['a', 200, 1])
  const other = await create()
  expect((await client.batches.cancel(other.id)).status).toBe('cancelled')
  const ids: string[] = []
  for await (const each of client.batches.list({ limit: 1 })) ids.push(each.id)
  expect(ids).toEqual([other.id, id])
  expect(await client.files.delete(input.id)).toMatchObject({ id: input.id, deleted: true })
  await expect(client.batches.cancel(id)).rejects.toMatchObject({ status: 409 })
})
