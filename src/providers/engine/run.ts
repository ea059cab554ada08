/** One attempt from request to result. */
import type { ErrorCode } from '../../core/error.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Warning } from '../../core/offer.ts'
import type { AttemptFailure } from '../../core/outcome.ts'
import { withoutMetadata } from '../../net/picture-metadata.ts'
import type { AttemptIo, AttemptResult, ProviderCall, ReceivedImage } from '../../ports/provider.ts'
import type { Done, Failed, HttpCall, Pending, ProgressProbe } from '../define-provider.ts'
import { Conversation, type EngineContext, failedWith, type Settled } from './conversation.ts'
import { failure } from './failures.ts'
import { isClientGone, pause, pendingFrom } from './job.ts'
import { createProgressTeller, type TellProgress, watchProgress } from './progress.ts'
import { imagesLeftOut, promptRevised, withoutImages } from './verdicts.ts'
import { type JobNews, listen } from './watch.ts'

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

class Run {
  readonly #context: EngineContext
  readonly #call: ProviderCall
  readonly #io: AttemptIo
  readonly #talk: Conversation
  readonly #tell: TellProgress
  #warnings: readonly Warning[] = []
  #news: JobNews | undefined

  constructor(context: EngineContext, call: ProviderCall, io: AttemptIo) {
    this.#context = context
    this.#call = call
    this.#io = io
    this.#talk = new Conversation(context, call, io)
    this.#tell = createProgressTeller(io)
  }

  async run(): Promise<AttemptResult> {
    const { resume } = this.#call
    let decoded: Settled | Pending = resume === undefined ? await this.#submit() : pendingFrom(resume)
    if (resume === undefined && decoded.kind === 'pending') decoded = (await this.#talk.record(decoded)) ?? decoded
    while (decoded.kind === 'pending') decoded = await this.#poll(decoded)
    const result = decoded.kind === 'done' ? await this.#finish(decoded) : this.#fail(decoded.failure)
    if (decoded.tidy) this.#talk.tidy(decoded.tidy)
    return result
  }

  async release(): Promise<void> {
    await this.#talk.release()
    this.#news?.close()
  }

  async #submit(): Promise<Settled | Pending> {
    const { request, candidate } = this.#call
    const { call, warnings, state, cancel } = this.#context.definition.encode(request, candidate, this.#talk.encodeContext)
    this.#warnings = warnings
    // A bill that is disputed later is settled by an id that both sides have on record.
    const named = { ...call, headers: { [CLIENT_ID_HEADER]: this.#call.attemptId, ...call.headers } }
    const decoded = await this.#watched(() => this.#talk.follow(named, state))
    if (!cancel || decoded.kind !== 'failed' || this.#talk.answered) return decoded
    const { code } = decoded.failure
    const isCutOff = code === 'cancelled' || (code === 'provider_timeout' && this.#talk.mayBeBilled)
    return isCutOff ? this.#interrupt(decoded, cancel, state) : decoded
  }

  /** Ask how far it is while the answer is awaited. */
  #watched<Result>(work: () => Promise<Result>): Promise<Result> {
    const probe = this.#io.onProgress && this.#context.definition.progress?.(this.#talk.encodeContext)
    return probe ? this.#watchedBy(probe, work) : work()
  }

  async #watchedBy<Result>(probe: ProgressProbe, work: () => Promise<Result>): Promise<Result> {
    const over = new AbortController()
    const watch = { ...this.#context, credential: this.#talk.credential, tell: this.#tell }
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
    const isStopped = await this.#talk.cancel({ cancel, ...(state !== undefined && { state }) })
    return failedWith({ ...cut.failure, billed: isStopped ? 'no' : 'unknown' })
  }

  /** Ask once; a poll that fails on the way says nothing about the job, so the job stays pending until the time is up. */
  async #poll(pending: Pending): Promise<Settled | Pending> {
    if (this.#talk.remainingMs() <= pending.afterMs) {
      const isCancelled = await this.#talk.cancel(pending)
      return failedWith(failure('provider_timeout', 'The job did not finish in time.', isCancelled ? 'no' : 'unknown'))
    }
    try {
      await this.#pause(pending)
    } catch {
      return this.#abandon(pending)
    }
    const decoded = await this.#talk.follow(pending.poll, pending.state)
    if (decoded.kind === 'pending') this.#tell(decoded.progress)
    if (decoded.kind !== 'failed' || decoded.isFinal) return decoded
    if (!this.#talk.answered && decoded.failure.code === 'cancelled') return this.#abandon(pending)
    const status = this.#talk.httpStatus ?? 0
    const isAboutThePoll = this.#talk.answered ? status === 429 || status >= 500 : !finalCodes.has(decoded.failure.code)
    if (!isAboutThePoll) {
      // Only the job itself can say that it is not billed; a lost or refused question says nothing.
      const saidByTheJob = this.#talk.answered && status < 300
      return { ...decoded, failure: { ...decoded.failure, billed: saidByTheJob ? decoded.failure.billed : 'unknown' } }
    }
    return { ...pending, afterMs: Math.max(pending.afterMs, decoded.failure.retryAfterMs ?? POLL_PAUSE_MS) }
  }

  #pause({ jobId, afterMs }: Pending): Promise<void> {
    const { clock, definition, transport } = this.#context
    const { signal, woken } = this.#io
    if (definition.watch)
      this.#news ??= listen(definition.watch, this.#call.attemptId, jobId, transport, this.#talk.credential, this.#tell)
    const hints = [woken?.bind(this.#io), this.#news?.next].filter((hint) => hint !== undefined)
    return pause(clock, { signal, ...(hints.length > 0 && { woken: anyOf(hints) }) }, afterMs)
  }

  /** Nobody waits for the job any more; a shutdown leaves it to the next start. */
  async #abandon(pending: Pending): Promise<Failed> {
    const isCancelled = isClientGone(this.#io.signal) && (await this.#talk.cancel(pending))
    return failedWith(failure('cancelled', 'The call was cancelled while its job was running.', isCancelled ? 'no' : 'unknown'))
  }

  async #finish(answered: Done): Promise<AttemptResult> {
    const done = await this.#talk.billed(answered)
    // Calls of one request have places for what each was asked for, and no more.
    const wanted = done.images.slice(0, this.#call.candidate.settings.n)
    const images: ReceivedImage[] = []
    const failures: AttemptFailure[] = [...(done.failures ?? [])]
    for (const item of await this.#talk.collect(wanted)) {
      if (item.kind === 'image') images.push(item.image)
      else failures.push(item.failure)
    }
    if (images.length === 0) return this.#fail(withoutImages(done, failures))
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
      evidence: this.#talk.evidence(),
    }
  }

  #fail(found: AttemptFailure): AttemptResult {
    // Another key of the account may do what this one may not; nothing was made, so asking again pays once.
    const isWorthAnotherKey = this.#context.credentials.report(this.#talk.credential, found) && found.billed === 'no'
    const failed = isWorthAnotherKey ? { ...found, retryable: true, retryAfterMs: 0 } : found
    return {
      kind: 'failed',
      failure: { ...failed, message: this.#context.redact(failed.message) },
      evidence: this.#talk.evidence(),
    }
  }
}

/** Faults of a poll that asking again does not mend. */
const finalCodes: ReadonlySet<ErrorCode> = new Set(['blocked_address', 'provider_response_too_large'])

const anyOf =
  (hints: readonly ((signal: AbortSignal) => Promise<void>)[]) =>
  (signal: AbortSignal): Promise<void> =>
    Promise.race(hints.map((hint) => hint(signal)))
