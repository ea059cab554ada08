/**
 * One HTTP exchange on undici's dispatch interface: no stream objects, one timer, one listener, so that a request waiting
 * minutes for an image holds next to nothing. Bytes go straight to a consumer; its promises pause the socket.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { type BodyConsumer, Enough } from './body-consumer.ts'
import { decoded } from './content-encoding.ts'
import { ExchangeError, type ExchangeFault, type ExchangePhase, tooLarge } from './exchange-error.ts'
import type { ReadingTurns, Turn } from './reading-turns.ts'
import type { SharedReads } from './shared-reads.ts'

export { type BodyConsumer, Enough } from './body-consumer.ts'
export { ExchangeError } from './exchange-error.ts'

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
