import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import { createSpool } from '../../blobs/spool.ts'
import type { JsonValue } from '../../core/json.ts'
import type { CandidateSettings } from '../../core/offer.ts'
import type { ImageInput, ImageRequest } from '../../core/request.ts'
import { wholeUnits } from '../../core/usage.ts'
import type { SpooledBody } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AttemptIo, AttemptResult, Provider, ReceivedImage } from '../../ports/provider.ts'
import { createSandboxProvider } from './index.ts'

const dir = mkdtempSync(join(tmpdir(), 'halftone-sandbox-'))
const spool = createSpool({ dir })
afterAll(async () => {
  await spool.close()
  rmSync(dir, { recursive: true })
})

/** Sleeps are recorded; time moves by what was slept, at once, except for the time limit of two minutes. */
function createTestClock(): Clock & { slept: number[]; startUs: number } {
  let nowUs = 1_700_000_000_000_000
  const slept: number[] = []
  return {
    slept,
    startUs: nowUs,
    nowUs: () => nowUs,
    monotonicMs: () => nowUs / 1000,
    sleep(ms, signal) {
      if (ms >= 60_000)
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }))
      slept.push(ms)
      nowUs += ms * 1000
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve()
    },
  }
}

const clock = createTestClock()
const sandbox = createSandboxProvider({ name: 'sandbox', clock, latencyScale: 0, random: () => 0.25 })

type Settings = Partial<CandidateSettings> & { model?: string }

function callFor(provider: Provider, request: Partial<ImageRequest>, { model = 'flat', ...settings }: Settings = {}) {
  const offer = provider.offers.find(({ wireModel }) => wireModel === model)!
  return {
    attemptId: 'attempt-1',
    request: {
      operation: 'generate',
      model: offer.model,
      prompt: 'a red boat',
      n: settings.n ?? 1,
      inputs: [],
      stream: false,
      partialImages: 0,
      responseFormat: 'b64_json',
      attribution: { tags: {} },
      extraBody: {},
      ...request,
    } satisfies ImageRequest,
    candidate: { offer, settings: { size: { width: 128, height: 96 }, format: 'png', n: 1, ...settings }, warnings: [] } as const,
  }
}

const ioWith = (over: Partial<AttemptIo> = {}): AttemptIo => ({
  signal: new AbortController().signal,
  spool,
  openInput: () => {
    throw new Error('no inputs')
  },
  onSubmitted: async () => undefined,
  ...over,
})

const run = (request: Partial<ImageRequest>, settings?: Settings, io?: Partial<AttemptIo>) =>
  sandbox.run(callFor(sandbox, request, settings), ioWith(io))

async function bytesOf(body: SpooledBody): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body.open()) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function done(result: AttemptResult): Extract<AttemptResult, { kind: 'done' }> {
  if (result.kind !== 'done') throw new Error(`failed: ${result.failure.message}`)
  return result
}

const shaOf = async (request: Partial<ImageRequest>, settings?: Settings) =>
  done(await run(request, settings)).images[0]!.body.sha256

describe('images of the sandbox', () => {
  const sizes = [
    [64, 64],
    [512, 512],
    [1024, 1024],
    [1536, 1024],
    [64, 2048],
    [1000, 200],
  ] as const
  for (const [width, height] of sizes) {
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      test(`${format} of ${width}x${height} is exactly that`, async () => {
        const [image] = done(await run({}, { size: { width, height }, format })).images
        const metadata = await sharp(await bytesOf(image!.body)).metadata()
        expect([metadata.width, metadata.height, metadata.format]).toEqual([width, height, format])
        expect(image!.size).toEqual({ width, height })
        expect(image!.mediaType).toBe(`image/${format}`)
      })
    }
  }

  test('the same prompt, seed and model give the same bytes', async () => {
    expect(await shaOf({ seed: 7 })).toBe(await shaOf({ seed: 7 }))
  })

  test.each([
    ['prompt', { seed: 7, prompt: 'a red boats' }, {}],
    ['seed', { seed: 8 }, {}],
    ['model', { seed: 7 }, { model: 'mega' }],
    ['quality', { seed: 7 }, { quality: 'high' }],
    ['format', { seed: 7 }, { format: 'webp' }],
  ] as const)('another %s gives other bytes', async (_, request, settings) => {
    expect(await shaOf(request, settings)).not.toBe(await shaOf({ seed: 7 }))
  })

  test('images of one call differ from each other, and carry the seed that was drawn', async () => {
    const { images } = done(await run({}, { n: 4 }))
    expect(new Set(images.map(({ body }) => body.sha256)).size).toBe(4)
    expect(images.every(({ seed }) => seed === 2 ** 29)).toBe(true)
  })
})

describe('usage is reported in the meter of the model', () => {
  test.each([
    ['flat', { n: 3 }, { 'images.out': wholeUnits(3) }],
    ['mega', { n: 2 }, { 'megapixels.out': 24_576n }],
    ['visual', { n: 2 }, { 'tokens.visual': wholeUnits(96) }],
    ['batch', {}, { 'images.out': wholeUnits(1) }],
  ] as const)('%s', async (model, settings, usage) => {
    expect(done(await run({}, { model, ...settings })).usage).toEqual(usage)
  })

  test('thinking takes more tokens for a richer prompt and the same for the same request', async () => {
    const plain = done(await run({ seed: 1, prompt: 'cat' }, { model: 'thinking' })).usage!
    const again = done(await run({ seed: 1, prompt: 'cat' }, { model: 'thinking' })).usage!
    const rich =
      'a map of an island with seven named villages, roads and rivers; a compass rose, a legend with twelve symbols and a title in gothic letters, drawn with ink and watercolour on old paper with burnt edges'
    const complex = done(await run({ seed: 1, prompt: rich }, { model: 'thinking' })).usage!
    expect(plain).toEqual(again)
    for (const meter of ['tokens.text.in', 'tokens.text.out', 'tokens.image.out'] as const) {
      expect(complex[meter]! > plain[meter]!, meter).toBe(true)
    }
    expect(plain['tokens.text.in']).toBe(wholeUnits(1))
  })
})

describe('scripted failures', () => {
  const failures = [
    ['429', { code: 'provider_rate_limited', billed: 'no', retryable: true }, 429],
    ['429 retry-after=2', { code: 'provider_rate_limited', billed: 'no', retryAfterMs: 2000 }, 429],
    ['500', { code: 'provider_error', billed: 'no', retryable: true }, 500],
    ['refuse', { code: 'content_refused', billed: 'no', stage: 'before', retryable: false }, 400],
    ['refuse-billed', { code: 'content_refused', billed: 'yes', stage: 'after', usage: { 'images.out': wholeUnits(2) } }, 400],
    ['cutoff', { code: 'provider_invalid_response', billed: 'unknown' }, 200],
    ['unknown', { code: 'provider_unreachable', billed: 'unknown' }, undefined],
    ['partial=0', { code: 'provider_no_image', billed: 'no' }, 200],
    ['explode', { code: 'invalid_value', billed: 'no', param: 'prompt', retryable: false }, undefined],
    ['slow=soon', { code: 'invalid_value', billed: 'no', param: 'prompt' }, undefined],
    ['500 fail-on=nothing', { code: 'invalid_value', billed: 'no', param: 'prompt' }, undefined],
    ['hang=1', { code: 'invalid_value', billed: 'no', param: 'prompt' }, undefined],
  ] as const
  test.each(failures)('[sandbox:%s]', async (directive, failure, httpStatus) => {
    const heldBefore = spool.bytesInMemory
    const result = await run({ prompt: `[sandbox:${directive}] a boat` }, { n: 2 })
    expect(result).toMatchObject({ kind: 'failed', failure })
    expect(result.evidence.httpStatus).toBe(httpStatus)
    expect(spool.bytesInMemory).toBe(heldBefore)
  })

  test('an unknown directive names the valid ones', async () => {
    const result = await run({ prompt: '[sandbox:explode] a boat' })
    expect(result.kind === 'failed' && result.failure.message).toMatch(/429, 500, .*refuse-billed, .*fail-on=<value>/)
  })

  test('partial makes fewer images, charges those alone and says what is missing', async () => {
    const result = done(await run({ prompt: '[sandbox:partial=1] a boat' }, { n: 3 }))
    expect(result.images).toHaveLength(1)
    expect(result.usage).toEqual({ 'images.out': wholeUnits(1) })
    expect(result.failures.map(({ billed }) => billed)).toEqual(['no', 'no'])
  })

  test('fail-on limits the failure to one model', async () => {
    const prompt = '[sandbox:500][sandbox:fail-on=flat] a boat'
    expect((await run({ prompt }, { model: 'flat' })).kind).toBe('failed')
    expect((await run({ prompt }, { model: 'mega' })).kind).toBe('done')
  })

  test('slow waits as long as it says, whatever the latency scale', async () => {
    clock.slept.length = 0
    expect((await run({ prompt: '[sandbox:slow=5000] a boat' })).kind).toBe('done')
    expect(clock.slept).toEqual([5000])
  })

  test('directives are not drawn: the picture is that of the prompt behind them', async () => {
    expect(await shaOf({ prompt: '[sandbox:slow=1] a boat', seed: 1 })).toBe(await shaOf({ prompt: 'a boat', seed: 1 }))
  })
})

describe('waiting', () => {
  test.each([
    ['the client leaves', new DOMException('gone', 'AbortError'), 'cancelled'],
    ['the deadline passes', new DOMException('late', 'TimeoutError'), 'provider_timeout'],
  ] as const)('a hanging attempt ends when %s', async (_, reason, code) => {
    const controller = new AbortController()
    const result = run({ prompt: '[sandbox:hang] a boat' }, {}, { signal: controller.signal })
    setImmediate(() => controller.abort(reason))
    expect(await result).toMatchObject({ kind: 'failed', failure: { code, billed: 'unknown' } })
  })

  test('a hanging attempt ends at the time limit, and no timer is left', async () => {
    const limited = createSandboxProvider({ name: 'sandbox', clock: createTestClock(), latencyScale: 0, timeoutMs: 30 })
    const result = await limited.run(callFor(limited, { prompt: '[sandbox:hang] a boat' }), ioWith())
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_timeout' } })
  })

  test('models differ in latency', async () => {
    const latencies = await Promise.all(
      ['flat', 'mega', 'thinking', 'visual', 'batch'].map(async (model) => {
        const own = createTestClock()
        const slow = createSandboxProvider({ name: 'sandbox', clock: own, random: () => 0 })
        done(await slow.run(callFor(slow, {}, { model }), ioWith()))
        return Math.round((own.nowUs() - own.startUs) / 1000)
      }),
    )
    expect(new Set(latencies).size).toBe(5)
    expect(Math.max(...latencies)).toBe(latencies[4])
  })
})

describe('streaming', () => {
  test('thinking shows unfinished states in order, each another picture, and charges their tokens', async () => {
    const partials: (ReceivedImage & { partialIndex: number })[] = []
    const onPartial: AttemptIo['onPartial'] = async (image) => void partials.push(image)
    const streamed = done(await run({ seed: 3, stream: true, partialImages: 3 }, { model: 'thinking' }, { onPartial }))
    const plain = done(await run({ seed: 3 }, { model: 'thinking' }))
    expect(partials.map(({ partialIndex }) => partialIndex)).toEqual([0, 1, 2])
    const hashes = [...partials, ...streamed.images].map(({ body }) => body.sha256)
    expect(new Set(hashes).size).toBe(4)
    expect(streamed.images[0]!.body.sha256).toBe(plain.images[0]!.body.sha256)
    expect(streamed.usage!['tokens.image.out']! - plain.usage!['tokens.image.out']!).toBe(wholeUnits(300))
    for (const { body } of partials) await body.dispose()
  })

  test.each([
    ['no partial images are asked for', { stream: true, partialImages: 0 }, 'thinking'],
    ['the model has none', { stream: true, partialImages: 2 }, 'flat'],
  ] as const)('nothing is shown when %s', async (_, request, model) => {
    const shown: unknown[] = []
    done(await run(request, { model }, { onPartial: async (image) => void shown.push(image) }))
    expect(shown).toEqual([])
  })
})

describe('the batch job', () => {
  async function submit(prompt: string): Promise<{ jobId: string; resume: JsonValue; sha256: string; usage: unknown }> {
    const jobs: { jobId: string; resume: JsonValue }[] = []
    const onSubmitted: AttemptIo['onSubmitted'] = async (job) => void jobs.push(job)
    const result = done(await run({ prompt, seed: 5 }, { model: 'batch' }, { onSubmitted }))
    return { ...jobs[0]!, sha256: result.images[0]!.body.sha256, usage: result.usage }
  }

  test('is announced before the first wait', async () => {
    const own = createTestClock()
    const batch = createSandboxProvider({ name: 'sandbox', clock: own })
    let sleptBefore = -1
    const onSubmitted: AttemptIo['onSubmitted'] = async () => {
      sleptBefore = own.slept.length
    }
    done(await batch.run(callFor(batch, {}, { model: 'batch' }), ioWith({ onSubmitted })))
    expect(sleptBefore).toBe(0)
    expect(own.slept.length).toBeGreaterThan(5)
  })

  test('resumes after a restart from its payload alone, and is not submitted again', async () => {
    const { resume, sha256, usage } = await submit('a secret harbour')
    const restarted = createSandboxProvider({ name: 'sandbox', clock: createTestClock(), latencyScale: 0, random: () => 0.9 })
    const stored = JSON.parse(JSON.stringify(resume)) as JsonValue
    const onSubmitted: AttemptIo['onSubmitted'] = () => Promise.reject(new Error('submitted twice'))
    const call = { ...callFor(restarted, { prompt: '' }, { model: 'batch' }), resume: stored }
    const result = done(await restarted.run(call, ioWith({ onSubmitted })))
    expect(result.images[0]!.body.sha256).toBe(sha256)
    expect(result.usage).toEqual(usage)
  })

  test('keeps no prompt text in its payload', async () => {
    expect(JSON.stringify((await submit('a secret harbour')).resume)).not.toMatch(/secret/)
  })

  test.each([[null], ['x'], [{ version: 1 }], [{ version: 2, id: 'a', readyAtUs: 1, assignment: {} }]])(
    'a payload that is not its own fails: %j',
    async (resume) => {
      const result = await sandbox.run({ ...callFor(sandbox, {}, { model: 'batch' }), resume }, ioWith())
      expect(result).toMatchObject({ kind: 'failed', failure: { code: 'provider_invalid_response', retryable: false } })
    },
  )
})

describe('edits', () => {
  const size = { width: 256, height: 192 }
  const paint = (svg: string) =>
    sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="256" height="192">${svg}</svg>`))
      .png()
      .toBuffer()
  const input = (role: ImageInput['role']): ImageInput => ({ role, sha256: role, bytes: 1, mediaType: 'image/png', ...size })
  const edit = async (files: Partial<Record<ImageInput['role'], Buffer>>, seed = 1) => {
    const inputs = (Object.keys(files) as ImageInput['role'][]).map(input)
    async function* openInput({ role }: ImageInput) {
      yield files[role]!
    }
    return run({ operation: 'edit', prompt: 'make it green', seed, inputs }, { size }, { openInput })
  }
  const pixels = async (result: AttemptResult) =>
    sharp(await bytesOf(done(result).images[0]!.body))
      .ensureAlpha()
      .raw()
      .toBuffer()

  test('use the input: another input gives another picture', async () => {
    const one = done(await edit({ image: await paint('<circle cx="128" cy="80" r="60" fill="red"/>') }))
    const other = done(await edit({ image: await paint('<rect width="128" height="192" fill="red"/>') }))
    expect(one.images[0]!.body.sha256).not.toBe(other.images[0]!.body.sha256)
  })

  test('change what the mask leaves transparent and nothing else', async () => {
    const image = await paint('<rect width="256" height="192" fill="#3366cc"/><circle cx="60" cy="60" r="40" fill="#ffcc00"/>')
    const mask = await paint('<path fill-rule="evenodd" d="M0 0H256V192H0Z M100 20H200V120H100Z" fill="#000"/>')
    const before = await sharp(image).ensureAlpha().raw().toBuffer()
    const after = await pixels(await edit({ mask, image }))
    let changed = 0
    for (let y = 0; y < 150; y++) {
      for (let x = 0; x < 256; x++) {
        const at = (y * 256 + x) * 4
        const differs = before.compare(after, at, at + 4, at, at + 4) !== 0
        const inside = x >= 100 && x < 200 && y >= 20 && y < 120
        if (!inside) expect(differs, `pixel ${x},${y}`).toBe(false)
        else if (differs) changed += 1
      }
    }
    expect(changed).toBeGreaterThan(9000)
  })

  test('an input that does not decode is a typed failure, not billed', async () => {
    const result = await edit({ image: Buffer.from('not an image') })
    expect(result).toMatchObject({ kind: 'failed', failure: { code: 'invalid_image', billed: 'no', param: 'image' } })
  })
})

test('nothing stays in the folder for temporary files', () => {
  expect(readdirSync(dir)).toEqual([])
})
