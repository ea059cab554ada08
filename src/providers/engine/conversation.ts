/** The calls of one attempt: what was sent, what came back, and what that says about money. What it means is for `run.ts`. */
import type { Capabilities } from '../../core/capability.ts'
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import type { ForeignFetcher } from '../../net/foreign-fetch.ts'
import type { ScannedBody } from '../../net/json-scanner.ts'
import type { SpooledBody } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DrawSvg } from '../../ports/draw-svg.ts'
import type { AttemptIo, Evidence, ProviderCall } from '../../ports/provider.ts'
import type {
  Decoded,
  DecodedImage,
  Done,
  EncodeContext,
  Failed,
  HttpCall,
  Pending,
  ProviderDefinition,
} from '../define-provider.ts'
import { defaultLimits, defaultTimeouts, type ProviderConfig } from '../provider-config.ts'
import { type Answer, type AnswerLimits, consumeAnswer, mediaTypeOf } from './answer.ts'
import { askForBill } from './bill.ts'
import { type OutgoingBody, outgoingBody } from './call-body.ts'
import type { Credential, Credentials } from './credentials.ts'
import { evidenceOf, keptHeaders, mapTexts } from './evidence.ts'
import { failure, failureOfExchange } from './failures.ts'
import { type Collected, collectImage } from './images.ts'
import { keyOf, resumeOf, sendCancel } from './job.ts'
import { consumeStream, createStreamState, type StreamState } from './stream.ts'
import type { Tidier } from './tidier.ts'
import type { SendOptions, Transport } from './transport.ts'
import { evidenceBodyOf, unusableAnswer, withPartials } from './verdicts.ts'

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
  readonly tidier: Tidier
  /** Takes every secret of the provider out of a text. */
  readonly redact: (text: string) => string
  /** Those of the codec. */
  readonly bodyKeys: ReadonlySet<string>
}

/** The end of an attempt. */
export type Settled = Done | Failed

export const failedWith = (failed: AttemptFailure): Failed => ({ kind: 'failed', failure: failed })

/** Asking how a job stands, and ending it. */
const MAX_CANCEL_CALLS = 3

/** Calls one attempt may need between submitting and its picture; more is a codec going round in circles. */
const MAX_NEXT_CALLS = 20

export class Conversation {
  readonly encodeContext: EncodeContext
  readonly credential: Credential
  readonly #context: EngineContext
  readonly #call: ProviderCall
  readonly #io: AttemptIo
  readonly #startedMs: number
  readonly #limits: AnswerLimits
  #firstByteMs: number | undefined
  #mayBeBilled: boolean
  #answered = false
  #evidence: Omit<Evidence, 'timings'> = {}
  #bodies: readonly ScannedBody[] = []
  #handedOut: readonly SpooledBody[] = []

  constructor(context: EngineContext, call: ProviderCall, io: AttemptIo) {
    this.#context = context
    this.#call = call
    this.#io = io
    this.#startedMs = context.clock.monotonicMs()
    this.#mayBeBilled = call.resume !== undefined
    const { options = {} } = context.config
    this.credential = context.credentials.take(call.resume === undefined ? undefined : keyOf(call.resume))
    const { attemptId, webhookUrl } = call
    this.encodeContext = { attemptId, options, ...(webhookUrl === undefined ? {} : { webhookUrl }) }
    const maxBytes = context.config.maxImageBytes ?? defaultLimits.maxImageBytes
    this.#limits = {
      openBody: () => io.spool.create({ maxBytes, recycle: true }),
      bodyKeys: context.bodyKeys,
    }
  }

  /** A call that may cost money was sent. */
  get mayBeBilled(): boolean {
    return this.#mayBeBilled
  }

  /** The last call was answered in full. */
  get answered(): boolean {
    return this.#answered
  }

  /** Of the last answer; undefined: none came. */
  get httpStatus(): number | undefined {
    return this.#evidence.httpStatus
  }

  /** Give back what was received and not handed out. */
  async release(): Promise<void> {
    const left = this.#bodies.filter(({ body }) => !this.#handedOut.includes(body))
    this.#bodies = []
    await Promise.all(left.map(({ body }) => body.dispose()))
  }

  /** Send, and send what the answer asks for next, until it is a picture, a job or a failure. */
  async follow(call: HttpCall, state: JsonValue | undefined): Promise<Settled | Pending> {
    let decoded = await this.#send(call, state)
    for (let calls = 1; decoded.kind === 'next'; calls++) {
      if (calls > MAX_NEXT_CALLS) {
        const message = `The provider's answers led to more than ${MAX_NEXT_CALLS} calls.`
        return failedWith(failure('provider_invalid_response', message, this.#mayBeBilled ? 'unknown' : 'no'))
      }
      const { lookFor } = decoded
      const refused = lookFor && (await this.record(lookFor))
      decoded = refused ?? (await this.#send(decoded.call, decoded.state))
      if (lookFor && decoded.kind === 'failed' && decoded.failure.billed === 'unknown') return lookFor
    }
    return decoded
  }

  /** The job is on record before it is asked about: a crash from here on resumes it. A failure: it could not be recorded. */
  async record(pending: Pending): Promise<Failed | undefined> {
    try {
      await this.#io.onSubmitted({ jobId: pending.jobId, resume: resumeOf(pending, this.credential.index) })
      return undefined
    } catch (error) {
      if (!(error instanceof HalftoneError)) throw error
      return failedWith(failure(error.code, error.message, this.#mayBeBilled ? 'unknown' : 'no'))
    }
  }

  /** Whether the provider says that what was cancelled is not billed. */
  async cancel({ cancel, state }: Pick<Pending, 'cancel' | 'state'>): Promise<boolean> {
    if (!this.#call.candidate.offer.capabilities.cancelStopsBilling) return false
    let [call, before] = [cancel, state]
    for (let calls = 0; call && calls < MAX_CANCEL_CALLS; calls++) {
      const options = { ...this.#sendOptions(), limits: this.#limits }
      const answer = await sendCancel(this.#context.transport, call, await this.#bodyOf(call), options)
      if (!answer) return false
      const said = this.#context.definition.decode(answer, { ...this.#decodeContext(0, before), isCancel: true })
      // A job that had finished before, or may finish all the same, was not cancelled.
      if (said.kind !== 'next') return said.kind === 'failed' ? said.failure.billed === 'no' : said.kind === 'pending'
      call = said.call
      before = said.state
    }
    return false
  }

  /** Later, and without telling anybody what comes of it. */
  tidy(calls: readonly HttpCall[]): void {
    const { transport, tidier } = this.#context
    const options = { ...this.#sendOptions(), limits: this.#limits }
    tidier.later(async () => {
      await Promise.all(calls.map(async (call) => sendCancel(transport, call, await this.#bodyOf(call), options)))
    })
  }

  #sendOptions(): SendOptions {
    const { config } = this.#context
    return {
      timeoutMs: Math.max(1, Math.min(this.#context.timeoutMs, this.remainingMs())),
      idleTimeoutMs: config.idleTimeoutMs ?? defaultTimeouts.idleTimeoutMs,
      maxBytes: config.maxResponseBytes ?? defaultLimits.maxResponseBytes,
      signal: this.#io.signal,
      credential: this.credential,
    }
  }

  #bodyOf({ body }: HttpCall): Promise<OutgoingBody> {
    return outgoingBody(body, this.#call.request.inputs, (input) => this.#io.openInput(input))
  }

  #decodeContext(partials: number, state: JsonValue | undefined) {
    const { request, candidate } = this.#call
    return { request, candidate, partials, encode: this.encodeContext, ...(state === undefined ? {} : { state }) }
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
        const decode = { request, candidate, encode: this.encodeContext }
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
    await this.release()
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

  /** With the bill, where only a further question tells it. */
  async billed(done: Done): Promise<Done> {
    const { transport, clock, definition } = this.#context
    const { decodeBill: read } = definition
    const bill = done.bill && read && (await askForBill(done.bill, { transport, clock, options: this.#sendOptions(), read }))
    return bill ? { ...done, ...bill } : done
  }

  /** The pictures that an answer points at; a body that is handed out belongs to the receiver. */
  async collect(wanted: readonly DecodedImage[]): Promise<readonly Collected[]> {
    const context = { io: this.#io, ...this.#context, fetchOwn: (call: HttpCall) => this.#fetchOwn(call) }
    const collected = await Promise.all(wanted.map((image) => collectImage(image, this.#bodies, context)))
    this.#handedOut = [...this.#handedOut, ...collected.flatMap((item) => (item.kind === 'image' ? [item.image.body] : []))]
    return collected
  }

  /** A result behind a call to the provider's own host. */
  async #fetchOwn(call: HttpCall): Promise<Answer> {
    const answer = await this.#context.transport.send(call, await this.#bodyOf(call), this.#sendOptions(), (status, headers) =>
      consumeAnswer(status, headers, 'image', this.#limits),
    )
    this.#bodies = [...this.#bodies, ...answer.bodies]
    return answer
  }

  /** What is known of the last call, without secrets. */
  evidence(): Evidence {
    const firstByte = this.#firstByteMs === undefined ? {} : { firstByteMs: this.#firstByteMs }
    // Plain data, so mapping its texts keeps its shape.
    const evidence = mapTexts(this.#evidence as JsonObject, this.#context.redact) as Omit<Evidence, 'timings'>
    return { ...evidence, timings: { ...firstByte, totalMs: this.#elapsedMs() } }
  }

  #elapsedMs(): number {
    return this.#context.clock.monotonicMs() - this.#startedMs
  }

  /** A batch is promised within a day, not within the time of a call that is answered at once. */
  remainingMs(): number {
    const { config, timeoutMs } = this.#context
    const isBatch = this.#call.candidate.offer.tier === 'batch'
    return (isBatch ? (config.batchTimeoutMs ?? defaultTimeouts.batchTimeoutMs) : timeoutMs) - this.#elapsedMs()
  }
}

/** A job without an id cannot be ended, and closing the connection does not end it. */
const closingOf = ({ cancelStopsBilling, asyncJobs }: Capabilities) => ({ cancelStopsBilling: cancelStopsBilling && !asyncJobs })
