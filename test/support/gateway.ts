/** A real gateway in this process: free port, temporary data folder, and its ledger seen through its own API. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Halftone, startHalftone } from '../../src/compose.ts'
import type { CreatedKey } from '../../src/contract/admin.ts'
import type { AttemptWire, Receipt, RequestRecordWire, RequestSummaryWire } from '../../src/contract/records.ts'
import { parseUsd } from '../../src/core/money.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { systemClock } from '../../src/system-clock.ts'
import type { ProviderDouble } from './provider-double.ts'

export const ADMIN_KEY = 'test-admin-key-0123456789'

export interface TestGatewayOptions {
  /** `halftone.yaml`: text, or an object written as JSON, which YAML contains. Without it only the sandbox is there. */
  readonly config?: string | object
  readonly env?: Readonly<Record<string, string>>
  readonly alertsEveryMs?: number
  readonly leaseMs?: number
  /** What time it is there; now when absent. */
  readonly startsAt?: Date
}

export interface CallOptions {
  readonly method?: string
  /** The admin key when absent; `null` sends none. */
  readonly key?: string | null
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

export interface TestGateway {
  /** Without `/v1`. */
  readonly url: string
  /** What an SDK calls its base URL. */
  readonly baseUrl: string
  readonly adminKey: string
  readonly folder: string
  readonly halftone: Halftone
  /** One JSON call. */
  call<Body = Record<string, unknown>>(path: string, options?: CallOptions): Promise<Answer<Body>>
  createKey(options?: Readonly<Record<string, unknown>>): Promise<CreatedKey>
  /** Every request the ledger knows, newest first. */
  requests(): Promise<readonly RequestSummaryWire[]>
  record(id: string): Promise<RequestRecordWire>
  receipt(id: string): Promise<Receipt>
  attempts(): Promise<readonly AttemptWire[]>
  /** Resolves when nothing is held any more: every attempt is settled. */
  settled(): Promise<void>
  /** Replace `halftone.yaml`; it is read again when the watcher sees it. */
  writeConfig(config: string | object): Promise<void>
  close(): Promise<void>
}

/** Start it; the caller closes it, which also removes its folder. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-e2e-'))
  const writeConfig = (config: string | object): Promise<void> =>
    writeFile(join(folder, 'halftone.yaml'), typeof config === 'string' ? config : JSON.stringify(config, null, 2))
  if (options.config !== undefined) await writeConfig(options.config)
  const env = {
    HALFTONE_PORT: '0',
    HALFTONE_DATA_DIR: join(folder, 'data'),
    HALFTONE_ADMIN_KEY: ADMIN_KEY,
    HALFTONE_LOG_LEVEL: process.env['HALFTONE_TEST_LOG'] ?? 'silent',
    ...options.env,
  }
  try {
    const halftone = await startHalftone({
      env,
      cwd: folder,
      ...(options.alertsEveryMs !== undefined && { alertsEveryMs: options.alertsEveryMs }),
      ...(options.leaseMs !== undefined && { leaseMs: options.leaseMs }),
      ...(options.startsAt && { clock: clockFrom(options.startsAt) }),
    })
    return new Handle(halftone, folder, writeConfig)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** The system's clock, moved. */
function clockFrom(start: Date): Clock {
  const offsetUs = start.getTime() * 1_000 - systemClock.nowUs()
  return { ...systemClock, nowUs: () => systemClock.nowUs() + offsetUs }
}

class Handle implements TestGateway {
  readonly url: string
  readonly baseUrl: string
  readonly adminKey = ADMIN_KEY
  readonly folder: string
  readonly halftone: Halftone
  readonly writeConfig: TestGateway['writeConfig']

  constructor(halftone: Halftone, folder: string, writeConfig: TestGateway['writeConfig']) {
    this.halftone = halftone
    this.url = halftone.url
    this.baseUrl = `${halftone.url}/v1`
    this.folder = folder
    this.writeConfig = writeConfig
  }

  async call<Body = Record<string, unknown>>(path: string, options: CallOptions = {}): Promise<Answer<Body>> {
    const { key = ADMIN_KEY, body, headers } = options
    const response = await fetch(this.url + path, {
      method: options.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body }
  }

  async #get<Body>(path: string): Promise<Body> {
    const { status, body } = await this.call<Body>(path)
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`)
    return body
  }

  async createKey(options: Readonly<Record<string, unknown>> = {}): Promise<CreatedKey> {
    const { status, body } = await this.call<CreatedKey>('/v1/halftone/keys', { body: { name: 'test', ...options } })
    if (status !== 200) throw new Error(`creating a key answered ${status}: ${JSON.stringify(body)}`)
    return body
  }

  async requests(): Promise<readonly RequestSummaryWire[]> {
    const all: RequestSummaryWire[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { data: RequestSummaryWire[]; next_cursor: string | null } = await this.#get(
        `/v1/halftone/requests?limit=200${cursor && `&cursor=${cursor}`}`,
      )
      all.push(...page.data)
      cursor = page.next_cursor
    }
    return all
  }

  record(id: string): Promise<RequestRecordWire> {
    return this.#get(`/v1/halftone/requests/${id}`)
  }

  receipt(id: string): Promise<Receipt> {
    return this.#get(`/v1/halftone/requests/${id}/receipt`)
  }

  async attempts(): Promise<readonly AttemptWire[]> {
    const receipts = await Promise.all((await this.requests()).map(({ id }) => this.receipt(id)))
    return receipts.flatMap(({ attempts }) => attempts)
  }

  async settled(): Promise<void> {
    const deadline = Date.now() + 10_000
    for (;;) {
      const running = (await this.requests()).filter((request) => request.finished_at === null)
      // A hedge that lost may run on after its request was answered.
      if (running.length === 0 && /^halftone_requests_in_flight 0$/m.test((await this.call<string>('/metrics')).body)) return
      if (Date.now() > deadline)
        throw new Error(`${running.length} requests never ended: ${running.map(({ id }) => id).join(', ')}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async close(): Promise<void> {
    await this.halftone.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export interface DoubleProviderOptions {
  /** `publisher/name` or objects, as in `halftone.yaml`; default: `acme/painter`, which does everything. */
  readonly models?: readonly (string | object)[]
  /** USD per image, decimal text. */
  readonly perImage?: string
  readonly [key: string]: unknown
}

/** What the default model of a double can do: everything the double answers. */
export const doubleCapabilities = {
  operations: ['generate', 'edit'],
  sizes: 'any',
  qualities: ['low', 'medium', 'high'],
  defaultQuality: 'medium',
  maxN: 10,
  formats: ['png'],
  backgrounds: ['transparent', 'opaque'],
  maxInputs: 16,
  mask: true,
  maxPartialImages: 3,
}

export const PRICE = '0.04'

/** `providers.<name>` for a double as any OpenAI-compatible server, at a flat price per image. */
export const compatibleProvider = (double: Pick<ProviderDouble, 'baseUrl'>, options: DoubleProviderOptions = {}): object => {
  const { models = [{ model: 'acme/painter', ...doubleCapabilities }], perImage = PRICE, ...rest } = options
  return { type: 'openai-compatible', baseUrl: double.baseUrl, models, prices: { '*': { perImage } }, ...rest }
}

/** `providers.<name>` for a double as OpenAI itself, at a flat price per image. */
export const openaiProvider = (double: Pick<ProviderDouble, 'baseUrl'>, options: DoubleProviderOptions = {}): object => {
  const { perImage = PRICE, ...rest } = options
  return { type: 'openai', baseUrl: double.baseUrl, apiKey: 'sk-double', prices: { '*': { perImage } }, ...rest }
}

export interface LedgerCheck {
  /** The doubles by the name of their provider in the configuration. */
  readonly doubles: Readonly<Record<string, Pick<ProviderDouble, 'billed'>>>
  /** USD per image; the same for all. */
  readonly perImage?: string
}

/**
 * The promise of the ledger: what it says was spent is what each provider billed, or the difference is covered by attempts
 * it lists as unknown; every receipt adds up; neither money nor memory is held.
 */
export async function checkLedger(gateway: TestGateway, { doubles, perImage = PRICE }: LedgerCheck): Promise<void> {
  await gateway.settled()
  const price = parseUsd(perImage)
  const requests = await gateway.requests()
  const receipts = await Promise.all(requests.map(({ id }) => gateway.receipt(id)))
  for (const receipt of receipts) checkReceipt(receipt)
  const attempts = receipts.flatMap((receipt) => receipt.attempts)
  for (const [name, double] of Object.entries(doubles)) {
    const own = attempts.filter((attempt) => attempt.offer.startsWith(`${name}:`))
    const known = total(own.filter((attempt) => attempt.state !== 'unknown'))
    const unknown = total(own.filter((attempt) => attempt.state === 'unknown'))
    const billed = price * BigInt(double.billed.reduce((sum, call) => sum + call.images, 0))
    if (billed < known || billed > known + unknown)
      throw new Error(`${name} billed ${billed}, the ledger has ${known} known and ${unknown} unknown (nano-USD)`)
  }
  const overview = (
    await gateway.call<{ held_usd: string; budgets: { id: string; held_usd: string }[] }>('/v1/halftone/overview')
  ).body
  const held = [overview, ...overview.budgets].filter((entry) => parseUsd(entry.held_usd) !== 0n)
  if (held.length > 0) throw new Error(`money is still held: ${JSON.stringify(held)}`)
  await memoryGivenBack(gateway)
}

/** Image bytes in memory go when the last answer has; an answer may still be on its way out. */
async function memoryGivenBack(gateway: TestGateway): Promise<void> {
  let bytes: string | undefined
  for (const deadline = Date.now() + 2_000; Date.now() < deadline; ) {
    const { body } = await gateway.call<string>('/metrics')
    bytes = /^halftone_spool_bytes (.*)$/m.exec(body)?.[1]
    if (bytes === '0') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${bytes} bytes of images are still in memory`)
}

function checkReceipt(receipt: Receipt): void {
  for (const attempt of receipt.attempts) {
    const lines = attempt.charges.reduce((sum, charge) => sum + parseUsd(charge.amount_usd), 0n)
    if (lines !== parseUsd(attempt.total_usd))
      throw new Error(`attempt ${attempt.id} does not add up: ${lines} != ${attempt.total_usd}`)
    if (attempt.state === 'intent' || attempt.state === 'dispatched')
      throw new Error(`attempt ${attempt.id} is still ${attempt.state}`)
  }
  if (total(receipt.attempts) !== parseUsd(receipt.total_usd))
    throw new Error(`receipt ${receipt.request_id} says ${receipt.total_usd}, its attempts ${total(receipt.attempts)}`)
}

const total = (attempts: readonly AttemptWire[]): bigint =>
  attempts.reduce((sum, attempt) => sum + parseUsd(attempt.total_usd), 0n)
