/** After a crash: jobs that the provider still works on, or has finished, are polled to their end instead of paid for again. */
import { errorCatalogue, HalftoneError } from '../core/error.ts'
import type { Candidate, CandidateSettings } from '../core/offer.ts'
import type { ImageRequest } from '../core/request.ts'
import type { AttemptRecordRow, RecoveryReport, RequestFinish, RequestRecord, ResumableAttempt } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { concludeCall, type FinishedCall, type ReservedCall } from './conclude.ts'
import { settleCall } from './settle-call.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface RecoveryContext {
  readonly services: GatewayServices
  readonly current: () => GatewayState
}

/** Resume every job of the report, side by side; what cannot be resumed stays unknown and is logged. */
export async function resumeAll(context: RecoveryContext, report: RecoveryReport, signal: AbortSignal): Promise<void> {
  const { log } = context.services
  const { voided, unknown, resumable } = report
  if (voided.length + unknown.length + resumable.length === 0) return
  log.warn(
    { voided: voided.length, unknown, resumable: resumable.length },
    'recovered attempts of a node that did not stop cleanly',
  )
  const turns: Turns = new Map()
  await Promise.all(
    resumable.map((attempt) =>
      resume(context, attempt, turns, signal).catch((err: unknown) =>
        log.error({ err, attemptId: attempt.attemptId }, 'a recovered job could not be resumed; its money stays unknown'),
      ),
    ),
  )
}

/** Jobs of one request end one after the other, so that each knows what those before it have brought. */
type Turns = Map<string, Promise<void>>

function inTurn(turns: Turns, requestId: string, work: () => Promise<void>): Promise<void> {
  const mine = (turns.get(requestId) ?? Promise.resolve()).then(work)
  turns.set(
    requestId,
    mine.catch(() => undefined),
  )
  return mine
}

/** A call and its hedge made the same images: the first to bring them keeps them, the other is only paid for. */
const isSurplus = (row: AttemptRecordRow, others: readonly AttemptRecordRow[]): boolean =>
  others.some(
    ({ kind, firstImage, imagesMade }) =>
      imagesMade > 0 && firstImage === row.firstImage && (kind === 'hedge' || row.kind === 'hedge'),
  )

/** Poll a job that was submitted before the crash, and settle it like any other attempt. */
async function resume(context: RecoveryContext, job: ResumableAttempt, turns: Turns, signal: AbortSignal): Promise<void> {
  const state = context.current()
  // Before anything is waited for: the configuration may change meanwhile.
  const letProvidersGo = context.services.holds.take(state.providers)
  const polled = await poll(context.services, state, job, signal).finally(letProvidersGo)
  // A shutdown interrupts the polling, not the job: the next start resumes it.
  if (signal.aborted) return
  await inTurn(turns, job.requestId, () => conclude({ services: context.services, state }, polled))
}

async function poll(
  services: GatewayServices,
  state: GatewayState,
  job: ResumableAttempt,
  signal: AbortSignal,
): Promise<Resumed> {
  const offer = state.offers.find((known) => known.id === job.offer)
  const provider = offer && state.providers.get(offer.provider)
  const record = await services.ledger.read.request(job.requestId)
  const row = record?.attemptRows.find((attempt) => attempt.id === job.attemptId)
  if (!offer || !provider || !record || !row) {
    throw new HalftoneError('not_found', `Offer ${job.offer} of a recovered job is not configured any more.`)
  }
  const { finishing, boughtStep: _step, ...settings } = settingsOf(row)
  const candidate: Candidate = { offer, settings, warnings: [], ...(finishing && { finishing }) }
  const request = requestOf(record)
  const started = services.clock.monotonicMs()
  // Its address was given to the provider before the crash.
  const listener = services.webhooks.listen(row.id)
  const result = await provider
    .run(
      { attemptId: row.id, request, candidate, firstImage: row.firstImage, resume: job.resume },
      {
        signal,
        spool: services.spool,
        openInput: emptyStream,
        onSubmitted: () => Promise.resolve(),
        woken: (until) => listener.woken(until),
      },
    )
    .finally(() => listener.close())
  const durationUs = Math.round((services.clock.monotonicMs() - started) * 1_000)
  const resumed = { call: { kind: 'primary', candidate: 0, n: row.imagesWanted }, candidate, round: 1 } as const
  return { row, request, resumed, result, durationUs }
}

interface Resumed {
  readonly row: AttemptRecordRow
  readonly request: ImageRequest
  readonly resumed: Omit<ReservedCall, 'attempt'>
  readonly result: AttemptResult
  readonly durationUs: number
}

async function conclude(
  { services, state }: { readonly services: GatewayServices; readonly state: GatewayState },
  { row, request, resumed, result, durationUs }: Resumed,
): Promise<void> {
  const record = await services.ledger.read.request(row.requestId)
  if (!record) throw new HalftoneError('not_found', 'The request of a recovered job is gone.')
  const others = record.attemptRows.filter((attempt) => attempt.id !== row.id)
  const done = await concludeCall(
    {
      services,
      state,
      request,
      promptComplexity: Number(record.features['complexity'] ?? 0.5),
      caller: { assetTtlDays: await assetTtlDays(services, record) },
    },
    { ...resumed, attempt: { ...row, state: 'dispatched', nodeId: services.node.id, epoch: services.node.epoch } },
    { result, durationUs, isSurplus: result.kind === 'done' && (row.kind === 'step' || isSurplus(row, others)) },
  )
  const ends = record.finishedUs === null && others.every((attempt) => attempt.settledUs !== null)
  await settleCall(services, done, ends ? finishOf(services, record, others, done) : undefined)
  if (result.kind === 'done' && !done.isSurplus) await Promise.all(result.images.map((image) => image.body.dispose()))
}

/** Nobody waits for the answer any more; the row still says how the request ended. */
function finishOf(
  services: GatewayServices,
  record: RequestRecord,
  others: readonly AttemptRecordRow[],
  done: FinishedCall,
): RequestFinish {
  const images = done.record.imagesMade + others.reduce((sum, attempt) => sum + attempt.imagesMade, 0)
  const failure = images === 0 ? done.record.failure : undefined
  const nowUs = services.clock.nowUs()
  return {
    finishedUs: nowUs,
    outcome: images === 0 ? done.outcome : images < record.n ? 'partial' : 'succeeded',
    httpStatus: failure ? errorCatalogue[failure.code].status : 200,
    imagesReturned: images,
    latencyUs: nowUs - record.createdUs,
    warnings: stepIsMissing(record, done)
      ? [
          {
            code: 'finishing_failed',
            message: 'The gateway stopped before the picture was cut out or enlarged; it is as it was made.',
          },
        ]
      : [],
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
  }
}

const stepIsMissing = ({ attemptRows }: RequestRecord, { reserved, record }: FinishedCall): boolean =>
  record.imagesMade > 0 && attemptRows.some((row) => row.id === reserved.attempt.id && settingsOf(row).boughtStep !== undefined)

async function assetTtlDays({ ledger }: GatewayServices, record: RequestRecord): Promise<number> {
  const project = (await ledger.admin.projects()).find(({ id }) => id === record.projectId)
  return project?.assetTtlDays ?? 30
}

/** Settings as `reserveCall` stored them. */
const settingsOf = ({ settings }: AttemptRecordRow): StoredSettings => settings as unknown as StoredSettings

type StoredSettings = CandidateSettings & Pick<Candidate, 'finishing'> & { readonly boughtStep?: object }

/** Inputs went out with the first submission; a resumed job does not send them again. */
async function* emptyStream(): AsyncGenerator<Uint8Array> {}

/** `parameters` is the request as stored: without prompt, inputs and attribution. */
function requestOf(record: RequestRecord): ImageRequest {
  const parameters = record.parameters as unknown as Omit<ImageRequest, 'prompt' | 'inputs' | 'attribution'>
  return { ...parameters, prompt: record.prompt ?? '', inputs: [], attribution: { tags: record.tags } }
}
