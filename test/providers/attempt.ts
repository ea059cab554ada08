/** Running one attempt against a server, with a spool that shows what was not given back. */
import type { Candidate } from '../../src/core/offer.ts'
import type { ImageInput, ImageRequest } from '../../src/core/request.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { AttemptIo, AttemptResult, Provider, ProviderCall } from '../../src/ports/provider.ts'
import { requestOf } from '../support/request.ts'
import { createMemorySpool, type MemorySpool } from './memory-spool.ts'

export const testRequest = (changes: Partial<ImageRequest> = {}): ImageRequest =>
  requestOf({ model: 'test', prompt: 'a red kite over a grey sea', ...changes })

export function testCandidate(
  provider: Pick<Provider, 'offers'>,
  changes: Partial<Candidate['settings']> = {},
  model?: string,
): Candidate {
  const offer = provider.offers.find((each) => model === undefined || each.model === model)
  if (!offer) throw new Error(`There is no offer of ${model}.`)
  const { defaultSize, defaultQuality, defaultFormat, steps: limits } = offer.capabilities
  const quality = defaultQuality === undefined ? {} : { quality: defaultQuality }
  const steps = limits ? { steps: limits.default } : {}
  return { offer, settings: { size: defaultSize, ...quality, ...steps, format: defaultFormat, n: 1, ...changes }, warnings: [] }
}

/** An account without options, which nobody can call back. */
export const testEncodeContext = { attemptId: 'attempt-1', options: {} }

export const testClock: Clock = {
  nowUs: () => Date.now() * 1000,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
}

export interface Attempted {
  readonly result: AttemptResult
  readonly spool: MemorySpool
}

export interface AttemptSetup {
  readonly request?: Partial<ImageRequest>
  readonly settings?: Partial<Candidate['settings']>
  readonly model?: string
  readonly resume?: ProviderCall['resume']
  readonly webhookUrl?: string
  readonly io?: Partial<AttemptIo>
  /** Bytes of each input, by its hash. */
  readonly files?: Readonly<Record<string, Buffer>>
}

export async function attempt(provider: Provider, setup: AttemptSetup = {}): Promise<Attempted> {
  const spool = createMemorySpool()
  const io: AttemptIo = {
    signal: new AbortController().signal,
    spool,
    openInput: (input) => inChunks(setup.files?.[input.sha256] ?? Buffer.alloc(0)),
    onSubmitted: async () => undefined,
    ...setup.io,
  }
  const candidate = testCandidate(provider, setup.settings, setup.model)
  const request = testRequest({ n: candidate.settings.n, ...setup.request })
  const call = {
    attemptId: 'attempt-1',
    request,
    candidate,
    ...(setup.resume === undefined ? {} : { resume: setup.resume }),
    ...(setup.webhookUrl === undefined ? {} : { webhookUrl: setup.webhookUrl }),
  }
  return { result: await provider.run(call, io), spool }
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000)
}

export const testInput = (bytes: Buffer, changes: Partial<ImageInput> = {}): ImageInput => ({
  role: 'image',
  sha256: 'input',
  bytes: bytes.length,
  mediaType: 'image/png',
  width: 64,
  height: 64,
  ...changes,
})
