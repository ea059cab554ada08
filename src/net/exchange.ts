/**
 * One HTTP exchange on undici's dispatch interface: no stream objects, one timer, one listener, so that a request waiting
 * minutes for an image holds next to nothing. Bytes go straight to a consumer; its promises pause the socket.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type { ReadingTurns, Turn } from './reading-turns.ts'
import type { SharedReads } from './shared-reads.ts'

/** How far the request had come. Until `sending` not a byte was written; until `sent` the provider cannot have the request. */
export type ExchangePhase = 'connecting' | 'sending' | 'sent' | 'receiving'

export type ExchangeFault = 'connect' | 'reset' | 'timeout' | 'idle' | 'aborted' | 'too_large' | 'encoding' | 'consumer'

/** Why an exchange did not end. `consumer` wraps what the consumer threw, as the cause. */
export class ExchangeError extends Error {
  readonly fault: ExchangeFault
  readonly phase: ExchangePhase
  constructor(fault: ExchangeFault, phase: ExchangePhase, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ExchangeError'
    this.fault = fault
    this.phase = phase
  }
}

/** Thrown by a consumer, or while choosing one, that needs no more: the connection is dropped and the exchange has this result. */
export class Enough<Result> extends Error {
  readonly result: Result
  constructor(result: Result) {
    super('Enough was read.')
    this.result = result
  }
}

/** Takes a body as it arrives. Exactly one of `end` and `abort` is called last, unless it threw `Enough`. */
export interface BodyConsumer<Result> {
  /** It has no use for a chunk once `write` has returned, be it with a promise. Without this it gets chunks of its own. */
  readonly isDoneAtOnce?: boolean
  /** Await the promise, if one is returned, before the next write. */
  write(chunk: Uint8Array): void | Promise<void>
  end(): Promise<Result>
  abort(): Promise<void>
}

export interface ExchangeRequest {
  readonly method: string
  /** Path with query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | Readable
}

export interface ExchangeOptions {
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number
  /** Longest silence within the answer's body. */
  readonly idleTimeoutMs: number
  /** Bytes of the answer, counted as read and again after decompression. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  /** Absent: large answers are read as they come, however many at a time. */
  readonly turns?: ReadingTurns
  /** Of the dispatcher's connections. Absent: every chunk has memory of its own. */
  readonly reads?: Pick<SharedReads, 'expect'>
}

/** An answer of at least this size is read in its turn; one of unknown length once this much has come. */
const LARGE_BYTES = 256 * 1024

/** Choose the consumer when status and headers are known; names of headers are in lower case. */
export type OpenConsumer<Result> = (status: number, headers: IncomingHttpHeaders) => BodyConsumer<Result>

/** Make the exchange. Rejects with `ExchangeError` only, after the consumer was aborted. */
export function exchange<Result>(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  options: ExchangeOptions,
  open: OpenConsumer<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const handler = new ExchangeHandler(options, open, resolve, reject)
    if (options.signal.aborted) return handler.fail('aborted', 'The call was aborted.', options.signal.reason)
    try {
      dispatcher.dispatch(
        {
          method: request.method,
          path: request.path,
          headers: request.headers,
          body: request.body ?? null,
          // The handler's own timer covers the wait for headers.
          headersTimeout: 0,
          bodyTimeout: options.idleTimeoutMs,
        },
        handler,
      )
    } catch (error) {
      handler.fail('connect', 'The request could not be started.', error)
    }
  })
}

class ExchangeHandler<Result> implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions
  readonly #open: OpenConsumer<Result>
  readonly #resolve: (result: Result) => void
  readonly #reject: (error: ExchangeError) => void
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => this.fail('aborted', 'The call was aborted.', this.#options.signal.reason)
  #phase: ExchangePhase = 'connecting'
  #controller: Dispatcher.DispatchController | undefined
  #consumer: BodyConsumer<Result> | undefined
  #bytes = 0
  #settled = false
  /** As declared; not a number where the end of the body shows itself. */
  #announced = Number.NaN
  /** Reasons for which nothing is read at the moment. */
  #holds = 0
  /** A write that the consumer is busy with. */
  #writing: Promise<void> | undefined
  #turn: Turn | undefined

  constructor(
    options: ExchangeOptions,
    open: OpenConsumer<Result>,
    resolve: (result: Result) => void,
    reject: (error: ExchangeError) => void,
  ) {
    this.#options = options
    this.#open = open
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.fail('timeout', `No complete answer within ${options.timeoutMs} ms.`), options.timeoutMs)
    options.signal.addEventListener('abort', this.#onAbort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // Given up while it queued for a connection: undici checks for this before it writes.
    if (this.#settled) controller.abort(new Error('given up'))
    else this.#phase = 'sending'
  }

  onRequestSent(): void {
    if (this.#phase === 'sending') this.#phase = 'sent'
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.#settled) return
    this.#phase = 'receiving'
    try {
      this.#consumer = decoded(headers, this.#options.maxBytes, this.#open(status, headers))
    } catch (error) {
      this.#failFrom(error)
      return
    }
    this.#announced = Number(headers['content-length'])
    this.#tellReads()
    if (this.#announced >= LARGE_BYTES) this.#awaitTurn(controller)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // A pause at the end of what has arrived ends in an empty chunk (undici 8.12, llhttp flushing its span). Pausing for that one
    // too would go round and round in microtasks until more arrives, with every timer of the process standing still.
    if (this.#settled || !this.#consumer || chunk.length === 0) return
    this.#bytes += chunk.length
    this.#tellReads()
    try {
      if (this.#bytes > this.#options.maxBytes) throw tooLarge(this.#options.maxBytes)
      const pending = this.#write(this.#consumer, chunk)
      this.#turn?.touch()
      if (this.#bytes >= LARGE_BYTES) this.#awaitTurn(controller)
      // A connection that the other side closes behind the last byte breaks, for undici, where nothing is read of it.
      if (!pending || this.#bytes === this.#announced) return
      this.#hold(controller)
      pending.then(
        () => this.#readOn(controller),
        () => undefined,
      )
    } catch (error) {
      this.#failFrom(error)
    }
  }

  /** One at a time: what is left when the other side closes comes all at once, paused or not. */
  #write(consumer: BodyConsumer<Result>, chunk: Buffer): Promise<void> | undefined {
    const isBorrowed = this.#options.reads !== undefined && (this.#writing !== undefined || !consumer.isDoneAtOnce)
    const own = isBorrowed ? Buffer.from(chunk) : chunk
    const write = (): void | Promise<void> => (this.#settled ? undefined : consumer.write(own))
    const pending = this.#writing ? this.#writing.then(write) : write()
    if (!pending) return undefined
    const writing = pending.then(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
    this.#writing = writing
    writing.catch((error: unknown) => this.#failFrom(error))
    return writing
  }

  #tellReads(): void {
    const left = this.#announced - this.#bytes
    this.#options.reads?.expect(Number.isNaN(left) ? Infinity : Math.max(0, left))
  }

  #awaitTurn(controller: Dispatcher.DispatchController): void {
    const { turns } = this.#options
    if (!turns || this.#turn) return
    this.#turn = turns.enter(() => this.#readOn(controller))
    if (!this.#turn.isFree) this.#hold(controller)
  }

  #hold(controller: Dispatcher.DispatchController): void {
    this.#holds += 1
    controller.pause()
  }

  #readOn(controller: Dispatcher.DispatchController): void {
    this.#holds -= 1
    if (this.#holds === 0) controller.resume()
  }

  onResponseEnd(): void {
    this.#options.reads?.expect(0)
    this.#turn?.end()
    const consumer = this.#consumer
    if (this.#settled || !consumer) return
    const handOver = (): void => this.#handOver(consumer)
    if (this.#writing) this.#writing.then(handOver, () => undefined)
    else handOver()
  }

  /** All of it has come: from here on nothing of the other side is waited for, and a body given up now would be nobody's. */
  #handOver(consumer: BodyConsumer<Result>): void {
    // Given up in the meantime, it was aborted, and is not asked again.
    if (!this.#settle()) return
    consumer.end().then(this.#resolve, (error: unknown) => {
      if (error instanceof Enough) return this.#resolve(error.result as Result)
      const failure = errorOf(error, this.#phase)
      const rejected = (): void => this.#reject(failure)
      consumer.abort().then(rejected, rejected)
    })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    const code = (error as { code?: string }).code
    const isIdle = code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT'
    if (this.#phase === 'connecting') this.fail('connect', 'No connection could be made.', error)
    else if (isIdle) this.fail('idle', `Nothing more arrived for ${this.#options.idleTimeoutMs} ms.`, error)
    else this.fail('reset', 'The connection broke.', error)
  }

  #failFrom(error: unknown): void {
    if (error instanceof Enough) this.#finishEarly(error.result as Result)
    else {
      const { fault, message, cause } = errorOf(error, this.#phase)
      this.fail(fault, message, cause)
    }
  }

  #finishEarly(result: Result): void {
    if (!this.#settle()) return
    this.#controller?.abort(new Error('Enough was read.'))
    this.#resolve(result)
  }

  fail(fault: ExchangeFault, message: string, cause?: unknown): void {
    const phase = this.#phase
    if (!this.#settle()) return
    const error = new ExchangeError(fault, phase, message, cause)
    this.#controller?.abort(error)
    const rejected = (): void => this.#reject(error)
    if (this.#consumer) this.#consumer.abort().then(rejected, rejected)
    else rejected()
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#turn?.end()
    clearTimeout(this.#timer)
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    return true
  }
}

const errorOf = (error: unknown, phase: ExchangePhase): ExchangeError =>
  error instanceof ExchangeError ? error : new ExchangeError('consumer', phase, 'The answer could not be read.', error)

const tooLarge = (maxBytes: number): ExchangeError =>
  new ExchangeError('too_large', 'receiving', `The answer is larger than the limit of ${maxBytes} bytes.`)

/** Undo the content encodings, if any; the limit counts again behind each, so a small bomb stays small. */
function decoded<Result>(headers: IncomingHttpHeaders, maxBytes: number, consumer: BodyConsumer<Result>): BodyConsumer<Result> {
  const encodings = String(headers['content-encoding'] ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity')
  if (encodings.length > 3) throw new ExchangeError('encoding', 'receiving', 'The answer has too many content encodings.')
  return encodings.reduce((inner, encoding) => new Decompressor(createDecoder(encoding), maxBytes, inner), consumer)
}

const CHUNK_BYTES = 64 * 1024

function createDecoder(encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip({ chunkSize: CHUNK_BYTES })
    case 'deflate':
      return createInflate({ chunkSize: CHUNK_BYTES })
    case 'br':
      return createBrotliDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 0 } })
    case 'zstd':
      return createZstdDecompress({ chunkSize: CHUNK_BYTES })
    default:
      throw new ExchangeError('encoding', 'receiving', `The answer has the unknown content encoding "${encoding.slice(0, 40)}".`)
  }
}

class Decompressor<Result> implements BodyConsumer<Result> {
  readonly #decoder: ReturnType<typeof createDecoder>
  readonly #inner: BodyConsumer<Result>
  readonly #pump: Promise<void>
  #failure: unknown

  constructor(decoder: ReturnType<typeof createDecoder>, maxBytes: number, inner: BodyConsumer<Result>) {
    this.#decoder = decoder
    this.#inner = inner
    this.#pump = this.#run(maxBytes)
    this.#pump.catch((error: unknown) => {
      this.#failure = error
      decoder.destroy()
    })
  }

  async #run(maxBytes: number): Promise<void> {
    let bytes = 0
    try {
      for await (const chunk of this.#decoder) {
        bytes += (chunk as Buffer).length
        if (bytes > maxBytes) throw tooLarge(maxBytes)
        await this.#inner.write(chunk as Buffer)
      }
    } catch (error) {
      const code = String((error as { code?: unknown }).code ?? '')
      if (!/^(Z_|ERR_(BROTLI_|ZSTD_|_)|ZSTD_)/.test(code)) throw error
      throw new ExchangeError('encoding', 'receiving', 'The answer does not decompress.', error)
    }
  }

  /** Waits until the decoder takes more, or until it fails. */
  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#decoder.write(chunk)) return undefined
    const drained = new Promise<void>((resolve) => this.#decoder.once('drain', resolve).once('close', resolve))
    return Promise.race([drained, this.#pump])
  }

  async end(): Promise<Result> {
    this.#decoder.end()
    await this.#pump
    return this.#inner.end()
  }

  async abort(): Promise<void> {
    this.#decoder.destroy()
    await this.#pump.catch(() => undefined)
    await this.#inner.abort()
  }
}
