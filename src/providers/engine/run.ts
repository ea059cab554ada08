/** One attempt from request to result. */
import type { Capabilities } from '../../core/capability.ts'
import { type ErrorCode, HalftoneError } from '../../core/error.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Warning } from '../../core/offer.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { ForeignFetcher } from '../../net/foreign-fetch.ts'
import type { ScannedBody } from '../../net/json-scanner.ts'
import { withoutMetadata } from '../../net/picture-metadata.ts'
import type { SpooledBody } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DrawSvg } from '../../ports/draw-svg.ts'
import type { AttemptIo, AttemptResult, Evidence, ProviderCall, ReceivedImage } from '../../ports/provider.ts'
import type { Decoded, Done, EncodeContext, Failed, HttpCall, Pending, ProviderDefinition } from '../define-provider.ts'
import { defaultLimits, defaultTimeouts, type ProviderConfig } from '../provider-config.ts'
import { type Answer, type AnswerLimits, consumeAnswer, mediaTypeOf } from './answer.ts'
import { askForBill } from './bill.ts'
import { type OutgoingBody, outgoingBody } from './call-body.ts'
import type { Credential, Credentials } from './credentials.ts'
import { evidenceOf, keptHeaders, mapTexts, redactor } from './evidence.ts'
import { failure, failureOfExchange } from './failures.ts'
import { collectImage } from './images.ts'
import { isClientGone, keyOf, pause, pendingFrom, resumeOf, sendCancel } from './job.ts'
import { createProgressTeller, type TellProgress, watchProgress } from './progress.ts'
import { consumeStream, createStreamState, type StreamState } from './stream.ts'
import type { SendOptions, Transport } from './transport.ts'
import { evidenceBodyOf, imagesLeftOut, promptRevised, unusableAnswer, withoutImages, withPartials } from './verdicts.ts'
import { type JobNews, listen } from './watch.ts'

export interface EngineContext {
  readonly definition: ProviderDefinition
  readonly config: ProviderConfig
  readonly transport: Transport
  readonly credentials: Credentials
  readonly fetcher: ForeignFetcher
  readonly clock: Clock
  readonly timeoutMs: number
  readonly baseUrl: string
  readonly drawSvg?: DrawSvg
}

export async function runAttempt(context: EngineContext, call: ProviderCall, io: AttemptIo): Promise<AttemptResult> {
  const { stripsMetadata } = context.definition
  const run = new Run(context, call, stripsMetadata ? { ...io, spool: withoutMetadata(io.spool) } : io)
  try {
    return await run.run()
  } finally {
    await run.release()
  }
}

const CLIENT_ID_HEADER = 'x-client-request-id'

/** How long to wait before asking again when the poll itself failed. */
const POLL_PAUSE_MS = 2_000

/** Asking how a job stands, and ending it. */
const MAX_CANCEL_CALLS = 3

/** Calls one attempt may need between submitting and its picture; more is a codec going round in circles. */
const MAX_NEXT_CALLS = 20

class Run {
  readonly #context: EngineContext
  readonly #call: ProviderCall
  readonly #io: AttemptIo
  readonly #startedMs: number
  readonly #limits: AnswerLimits
  readonly #redact: (text: string) => string
  readonly #credential: Credential
  readonly #encodeContext: EncodeContext
  #firstByteMs: number | undefined
  /** A call that may cost money was sent. */
  #mayBeBilled = false
  /** The last call was answered in full. */
  #answered = false
  #evidence: Omit<Evidence, 'timings'> = {}
  #warnings: readonly Warning[] = []
  #bodies: readonly ScannedBody[] = []
  readonly #handedOut = new Set<SpooledBody>()
  #news: JobNews | undefined
  readonly #tell: TellProgress

  constructor(context: EngineContext, call: ProviderCall, io: AttemptIo) {
    this.#context = context
    this.#call = call
    this.#io = io
    this.#startedMs = context.clock.monotonicMs()
    const { apiKey, moreApiKeys = [], headers = {}, options = {} } = context.config
    this.#redact = redactor([apiKey, ...moreApiKeys, ...Object.values(headers)].flatMap((secret) => secret?.reveal() ?? []))
    this.#tell = createProgressTeller(io)
    this.#credential = context.credentials.take(call.resume === undefined ? undefined : keyOf(call.resume))
    const { attemptId, webhookUrl } = call
    this.#encodeContext = { attemptId, options, ...(webhookUrl === undefined ? {} : { webhookUrl }) }
    const maxBytes = context.config.maxImageBytes ?? defaultLimits.maxImageBytes
    this.#limits = {
      openBody: () => io.spool.create({ maxBytes, recycle: true }),
      bodyKeys: new Set(context.definition.bodyKeys),
    }
  }

  async run(): Promise<AttemptResult> {
    const { resume } = this.#call
    let decoded: Settled | Pending = resume === undefined ? await this.#submit() : pendingFrom(resume)
    this.#mayBeBilled ||= resume !== undefined
    if (resume === undefined && decoded.kind === 'pending') decoded = await this.#report(decoded)
    while (decoded.kind === 'pending') decoded = await this.#poll(decoded)
    return decoded.kind === 'done' ? this.#finish(decoded) : this.#fail(decoded.failure)
  }

  /** Give back what was received and not handed out. */
  async release(): Promise<void> {
    await this.#releaseBodies()
    this.#news?.close()
  }

  async #releaseBodies(): Promise<void> {
    const left = this.#bodies.filter(({ body }) => !this.#handedOut.has(body))
    this.#bodies = []
    await Promise.all(left.map(({ body }) => body.dispose()))
  }

  async #submit(): Promise<Settled | Pending> {
    const { request, candidate } = this.#call
    const { call, warnings, state, cancel } = this.#context.definition.encode(request, candidate, this.#encodeContext)
    this.#warnings = warnings
    // A bill that is disputed later is settled by an id that both sides have on record.
    const named = { ...call, headers: { [CLIENT_ID_HEADER]: this.#call.attemptId, ...call.headers } }
    const decoded = await this.#watched(() => this.#follow(named, state))
    if (!cancel || decoded.kind !== 'failed' || this.#answered) return decoded
    const { code } = decoded.failure
    const isCutOff = code === 'cancelled' || (code === 'provider_timeout' && this.#mayBeBilled)
    return isCutOff ? this.#interrupt(decoded, cancel, state) : decoded
  }

  /** Ask how far it is while the answer is awaited. */
  async #watched<Result>(work: () => Promise<Result>): Promise<Result> {
    const probe = this.#io.onProgress && this.#context.definition.progress?.(this.#encodeContext)
    if (!probe) return work()
    const over = new AbortController()
    const watch = { ...this.#context, credential: this.#credential, tell: this.#tell }
    const watching = watchProgress(probe, watch, over.signal)
    try {
      return await work()
    } finally {
      over.abort()
      await watching
    }
  }

  /** A server that does not notice that nobody waits any more works on; what it says to being stopped is the last word. */
  async #interrupt(cut: Failed, cancel: HttpCall, state: JsonValue | undefined): Promise<Failed> {
    const isStopped = await this.#cancel({ cancel, ...(state !== undefined && { state }) })
    return failedWith({ ...cut.failure, billed: isStopped ? 'no' : 'unknown' })
  }

  /** Send, and send what the answer asks for next, until it is a picture, a job or a failure. */
  async #follow(call: HttpCall, state: JsonValue | undefined): Promise<Settled | Pending> {
    let decoded = await this.#send(call, state)
    for (let calls = 1; decoded.kind === 'next'; calls++) {
      if (calls > MAX_NEXT_CALLS) {
        const message = `The provider's answers led to more than ${MAX_NEXT_CALLS} calls.`
        return failedWith(failure('provider_invalid_response', message, this.#mayBeBilled ? 'unknown' : 'no'))
      }
      decoded = await this.#send(decoded.call, decoded.state)
    }
    return decoded
  }

  /** The job is on record before it is asked about: a crash from here on resumes it. */
  async #report(pending: Pending): Promise<Failed | Pending> {
    try {
      await this.#io.onSubmitted({ jobId: pending.jobId, resume: resumeOf(pending, this.#credential.index) })
      return pending
    } catch (error) {
      if (!(error instanceof HalftoneError)) throw error
      return { kind: 'failed', failure: failure(error.code, error.message, 'unknown') }
    }
  }

  /** Ask once; a poll that fails on the way says nothing about the job, so the job stays pending until the time is up. */
  async #poll(pending: Pending): Promise<Settled | Pending> {
    if (this.#remainingMs() <= pending.afterMs) {
      const isCancelled = await this.#cancel(pending)
      return failedWith(failure('provider_timeout', 'The job did not finish in time.', isCancelled ? 'no' : 'unknown'))
    }
    try {
      await this.#pause(pending)
    } catch {
      return this.#abandon(pending)
    }
    const decoded = await this.#follow(pending.poll, pending.state)
    if (decoded.kind === 'pending') this.#tell(decoded.progress)
    if (decoded.kind !== 'failed' || decoded.isFinal) return decoded
    if (!this.#answered && decoded.failure.code === 'cancelled') return this.#abandon(pending)
    const status = this.#evidence.httpStatus ?? 0
    const isAboutThePoll = this.#answered ? status === 429 || status >= 500 : !finalCodes.has(decoded.failure.code)
    if (!isAboutThePoll) {
      // Only the job itself can say that it is not billed; a lost or refused question says nothing.
      const saidByTheJob = this.#answered && status < 300
      return failedWith({ ...decoded.failure, billed: saidByTheJob ? decoded.failure.billed : 'unknown' })
    }
    return { ...pending, afterMs: Math.max(pending.afterMs, decoded.failure.retryAfterMs ?? POLL_PAUSE_MS) }
  }

  #pause({ jobId, afterMs }: Pending): Promise<void> {
    const { clock, definition, transport } = this.#context
    const { signal, woken } = this.#io
    if (definition.watch)
      this.#news ??= listen(definition.watch, this.#call.attemptId, jobId, transport, this.#credential, this.#tell)
    const hints = [woken?.bind(this.#io), this.#news?.next].filter((hint) => hint !== undefined)
    return pause(clock, { signal, ...(hints.length > 0 && { woken: anyOf(hints) }) }, afterMs)
  }

  /** Nobody waits for the job any more; a shutdown leaves it to the next start. */
  async #abandon(pending: Pending): Promise<Failed> {
    const isCancelled = isClientGone(this.#io.signal) && (await this.#cancel(pending))
    return failedWith(failure('cancelled', 'The call was cancelled while its job was running.', isCancelled ? 'no' : 'unknown'))
  }

  async #cancel({ cancel, state }: Pick<Pending, 'cancel' | 'state'>): Promise<boolean> {
    if (!this.#call.candidate.offer.capabilities.cancelStopsBilling) return false
    let [call, before] = [cancel, state]
    for (let calls = 0; call && calls < MAX_CANCEL_CALLS; calls++) {
      const options = { ...this.#sendOptions(), limits: this.#limits }
      const answer = await sendCancel(this.#context.transport, call, await this.#bodyOf(call), options)
      if (!answer) return false
      const said = this.#context.definition.decode(answer, this.#decodeContext(0, before))
      // A job that had finished before, or may finish all the same, was not cancelled.
      if (said.kind !== 'next') return said.kind === 'failed' ? said.failure.billed === 'no' : said.kind === 'pending'
      call = said.call
      before = said.state
    }
    return false
  }

  #sendOptions(): SendOptions {
    const { config } = this.#context
    return {
      timeoutMs: Math.max(1, Math.min(this.#context.timeoutMs, this.#remainingMs())),
      idleTimeoutMs: config.idleTimeoutMs ?? defaultTimeouts.idleTimeoutMs,
      maxBytes: config.maxResponseBytes ?? defaultLimits.maxResponseBytes,
      signal: this.#io.signal,
      credential: this.#credential,
    }
  }

  #bodyOf({ body }: HttpCall): Promise<OutgoingBody> {
    return outgoingBody(body, this.#call.request.inputs, (input) => this.#io.openInput(input))
  }

  #decodeContext(partials: number, state: JsonValue | undefined) {
    const { request, candidate } = this.#call
    return { request, candidate, partials, encode: this.#encodeContext, ...(state === undefined ? {} : { state }) }
  }

  async #send(call: HttpCall, state: JsonValue | undefined): Promise<Decoded> {
    const { transport, definition, timeoutMs } = this.#context
    const { request, candidate } = this.#call
    const stream = createStreamState()
    const options = { ...this.#sendOptions(), ...(call.stream ? { idleTimeoutMs: timeoutMs } : {}) }
    this.#evidence = {}
    this.#answered = false
    try {
      const body = await this.#bodyOf(call)
      const answer = await transport.send<Answer | StreamState>(call, body, options, (status, headers) => {
        this.#firstByteMs ??= this.#elapsedMs()
        this.#evidence = { httpStatus: status, headers: keptHeaders(headers) }
        const isStream = call.stream && status === 200 && mediaTypeOf(headers) === 'text/event-stream'
        if (!isStream) return consumeAnswer(status, headers, call.accept, this.#limits)
        this.#evidence = evidenceOf({ status, headers, body: { kind: 'empty' } })
        const collect = { io: this.#io, ...this.#context }
        const decode = { request, candidate, encode: this.#encodeContext }
        return consumeStream(stream, { definition, decode, limits: this.#limits, collect }, () => stream)
      })
      this.#mayBeBilled ||= call.spends !== false
      return 'response' in answer ? await this.#decode(answer, state, call) : this.#decodeStream(answer)
    } catch (error) {
      // Raised while the call was being made or authorized: nothing was sent.
      if (error instanceof HalftoneError)
        return failedWith(failure(error.code, error.message, this.#mayBeBilled ? 'unknown' : 'no'))
      const broken = this.#unlessFree(call, failureOfExchange(error, closingOf(candidate.offer.capabilities)))
      this.#mayBeBilled ||= broken.billed !== 'no'
      return stream.done ? this.#decodeStream(stream, broken) : failedWith(withPartials(broken, stream.partials))
    }
  }

  /** A call that nobody bills leaves no doubt, unless one before it did. */
  #unlessFree({ spends }: HttpCall, broken: AttemptFailure): AttemptFailure {
    return spends === false && !this.#mayBeBilled ? { ...broken, billed: 'no' } : broken
  }

  async #decode({ response, bodies }: Answer, state: JsonValue | undefined, { spends }: HttpCall): Promise<Decoded> {
    await this.#releaseBodies()
    this.#bodies = bodies
    this.#answered = true
    this.#evidence = evidenceOf(response)
    // An upload has nothing to say but that it arrived.
    const isReceipt = spends === false && response.status === 204
    const unusable = isReceipt ? undefined : unusableAnswer(response)
    if (unusable) return failedWith(unusable)
    return this.#context.definition.decode(response, this.#decodeContext(0, state))
  }

  /** What a stream brought, even if it broke or failed after an image was there. */
  #decodeStream(state: StreamState, broken?: AttemptFailure): Decoded {
    this.#bodies = state.bodies
    if (typeof state.lastEvent === 'object' && state.lastEvent !== null) {
      this.#evidence = { ...this.#evidence, ...evidenceBodyOf(state.lastEvent) }
    }
    const failed: Failed | undefined = state.failed ?? (broken && { kind: 'failed', failure: broken })
    if (state.done) return { ...state.done, failures: [...(state.done.failures ?? []), ...(failed ? [failed.failure] : [])] }
    if (failed) return failedWith(withPartials(failed.failure, state.partials))
    return failedWith(withPartials(failure('provider_no_image', 'The stream ended without an image.', 'unknown'), state.partials))
  }

  async #billed(done: Done): Promise<Done> {
    const { transport, clock, definition } = this.#context
    const { decodeBill: read } = definition
    const bill = done.bill && read && (await askForBill(done.bill, { transport, clock, options: this.#sendOptions(), read }))
    return bill ? { ...done, ...bill } : done
  }

  async #finish(answered: Done): Promise<AttemptResult> {
    const done = await this.#billed(answered)
    const collect = { io: this.#io, ...this.#context, fetchOwn: (call: HttpCall) => this.#fetchOwn(call) }
    // Calls of one request have places for what each was asked for, and no more.
    const wanted = done.images.slice(0, this.#call.candidate.settings.n)
    const collected = await Promise.all(wanted.map((image) => collectImage(image, this.#bodies, collect)))
    const images: ReceivedImage[] = []
    const failures: AttemptFailure[] = [...(done.failures ?? [])]
    for (const item of collected) {
      if (item.kind === 'image') images.push(item.image)
      else failures.push(item.failure)
    }
    if (images.length === 0) return this.#fail(withoutImages(done, failures))
    for (const { body } of images) this.#handedOut.add(body)
    return {
      kind: 'done',
      images,
      ...(done.usage ? { usage: done.usage } : {}),
      ...(done.reportedCost ? { reportedCost: done.reportedCost } : {}),
      failures,
      warnings: [
        ...this.#warnings,
        ...(done.warnings ?? []),
        ...(wanted.length < done.images.length ? [imagesLeftOut(done.images.length, wanted.length)] : []),
        ...(images.some(({ revisedPrompt }) => revisedPrompt !== undefined) ? [promptRevised] : []),
      ],
      evidence: this.#finalEvidence(),
    }
  }

  /** A result behind a call to the provider's own host. */
  async #fetchOwn(call: HttpCall): Promise<Answer> {
    const answer = await this.#context.transport.send(call, await this.#bodyOf(call), this.#sendOptions(), (status, headers) =>
      consumeAnswer(status, headers, 'image', this.#limits),
    )
    this.#bodies = [...this.#bodies, ...answer.bodies]
    return answer
  }

  #fail(found: AttemptFailure): AttemptResult {
    // Another key of the account may do what this one may not; nothing was made, so asking again pays once.
    const isWorthAnotherKey = this.#context.credentials.report(this.#credential, found) && found.billed === 'no'
    const failed = isWorthAnotherKey ? { ...found, retryable: true, retryAfterMs: 0 } : found
    return { kind: 'failed', failure: { ...failed, message: this.#redact(failed.message) }, evidence: this.#finalEvidence() }
  }

  #finalEvidence(): Evidence {
    const firstByte = this.#firstByteMs === undefined ? {} : { firstByteMs: this.#firstByteMs }
    // Plain data, so mapping its texts keeps its shape.
    const evidence = mapTexts(this.#evidence as JsonObject, this.#redact) as Omit<Evidence, 'timings'>
    return { ...evidence, timings: { ...firstByte, totalMs: this.#elapsedMs() } }
  }

  #elapsedMs(): number {
    return this.#context.clock.monotonicMs() - this.#startedMs
  }

  /** A batch is promised within a day, not within the time of a call that is answered at once. */
  #remainingMs(): number {
    const { config, timeoutMs } = this.#context
    const isBatch = this.#call.candidate.offer.tier === 'batch'
    return (isBatch ? (config.batchTimeoutMs ?? defaultTimeouts.batchTimeoutMs) : timeoutMs) - this.#elapsedMs()
  }
}

/** A job without an id cannot be ended, and closing the connection does not end it. */
const closingOf = ({ cancelStopsBilling, asyncJobs }: Capabilities) => ({ cancelStopsBilling: cancelStopsBilling && !asyncJobs })

/** Faults of a poll that asking again does not mend. */
const finalCodes: ReadonlySet<ErrorCode> = new Set(['blocked_address', 'provider_response_too_large'])

/** The end of an attempt. */
type Settled = Done | Failed

const anyOf =
  (hints: readonly ((signal: AbortSignal) => Promise<void>)[]) =>
  (signal: AbortSignal): Promise<void> =>
    Promise.race(hints.map((hint) => hint(signal)))

const failedWith = (failed: AttemptFailure): Failed => ({ kind: 'failed', failure: failed })
