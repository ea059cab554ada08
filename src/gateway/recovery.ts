/** After a crash: jobs that the provider still works on, or has finished, are polled to their end instead of paid for again. */
import { HalftoneError } from '../core/error.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { ImageRequest } from '../core/request.ts'
import type { AttemptRecordRow, RecoveryReport, RequestRecord, ResumableAttempt } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { concludeCall, type FinishedCall, type ReservedCall } from './conclude.ts'
import { lastCallOf, recoveredFinish, settingsOf } from './recovered-finish.ts'
import { settleCall } from './settle-call.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface RecoveryContext {
  readonly services: GatewayServices
  readonly current: () => GatewayState
}

/** How often a job that cannot be asked about is tried again: its provider may come back into the configuration. */
const AGAIN_MS = 5_000
/** After so long it is given up, so that its money does not stay held and its request does not run for ever. */
const GIVEN_UP_AFTER_MS = 3_600_000

/** Resume every job of the report, side by side. Resolves when each was settled, be it as of unknown outcome. */
export async function resumeAll(context: RecoveryContext, report: RecoveryReport, signal: AbortSignal): Promise<void> {
  const { log } = context.services
  const { voided, unknown, resumable } = report
  if (voided.length + unknown.length + resumable.length === 0) return
  log.warn(
    { voided: voided.length, unknown, resumable: resumable.length },
    'recovered attempts of a node that did not stop cleanly',
  )
  const turns: Turns = new Map()
  await Promise.all(resumable.map((attempt) => resumeToItsEnd(context, attempt, turns, signal)))
}

/** Until it is settled, or a shutdown leaves it to the next start. */
async function resumeToItsEnd(context: RecoveryContext, job: ResumableAttempt, turns: Turns, signal: AbortSignal): Promise<void> {
  const { clock, log } = context.services
  const { attemptId, offer } = job
  const sinceMs = clock.monotonicMs()
  let failures = 0
  while (!signal.aborted) {
    try {
      if (clock.monotonicMs() - sinceMs < GIVEN_UP_AFTER_MS) return await resume(context, job, turns, signal)
      await inTurn(turns, job.requestId, () => giveUp(context.services, job))
      log.error(
        { attemptId, offer },
        'a recovered job was given up; what it may have cost is held against its budgets as unknown',
      )
      return
    } catch (err) {
      failures += 1
      if (failures === 1) log.error({ err, attemptId, offer }, 'a recovered job could not be resumed; it is tried again')
    }
    await clock.sleep(AGAIN_MS, signal).catch(() => undefined)
  }
}

const GIVEN_UP =
  'The gateway stopped before it could answer, and could not ask the provider afterwards. The call may have been billed; send it under a new Idempotency-Key to accept that and try again.'

/** The hold becomes a provisional charge, to be reconciled; the request ends. */
async function giveUp({ ledger, clock, node }: GatewayServices, { attemptId, requestId }: ResumableAttempt): Promise<void> {
  const record = await ledger.read.request(requestId)
  const row = record?.attemptRows.find(({ id }) => id === attemptId)
  if (!record || !row) return
  const others = record.attemptRows.filter(({ id }) => id !== attemptId)
  const failure = { code: 'internal_error', message: GIVEN_UP } as const
  const nowUs = clock.nowUs()
  const finish = isLast(record, others) && {
    finish: recoveredFinish(
      record,
      others,
      {
        row,
        imagesMade: 0,
        costNanoUsd: row.holdNanoUsd,
        money: 'unknown',
        usage: {},
        outcome: 'unknown',
        failure,
        warnings: [],
      },
      nowUs,
    ),
  }
  await ledger.settle({
    attemptId,
    requestId,
    nodeId: node.id,
    epoch: node.epoch,
    settledUs: nowUs,
    state: 'unknown',
    outcome: 'unknown',
    billed: 'unknown',
    errorCode: failure.code,
    errorMessage: failure.message,
    usage: {},
    charges: [],
    imagesMade: 0,
    assets: [],
    evidence: {},
    findings: [`not resumed: the provider of ${row.offer} could not be asked`],
    ...finish,
  })
}

/** Every other call of the request has ended, and the request has not. */
const isLast = ({ finishedUs }: RequestRecord, others: readonly AttemptRecordRow[]): boolean =>
  finishedUs === null && others.every(({ settledUs }) => settledUs !== null)

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
  const last = lastCallOf(row, done, stepIsMissing(record, done) ? [...done.warnings, withoutStep] : done.warnings)
  try {
    const finish = isLast(record, others) ? recoveredFinish(record, others, last, services.clock.nowUs()) : undefined
    await settleCall(services, done, finish)
  } finally {
    if (result.kind === 'done' && !done.isSurplus) await Promise.all(result.images.map((image) => image.body.dispose()))
  }
}

const withoutStep: Warning = {
  code: 'finishing_failed',
  message: 'The gateway stopped before the picture was cut out or enlarged; it is as it was made.',
}

const stepIsMissing = ({ attemptRows }: RequestRecord, { reserved, record }: FinishedCall): boolean =>
  record.imagesMade > 0 && attemptRows.some((row) => row.id === reserved.attempt.id && settingsOf(row).boughtStep !== undefined)

async function assetTtlDays({ ledger }: GatewayServices, record: RequestRecord): Promise<number> {
  const project = (await ledger.admin.projects()).find(({ id }) => id === record.projectId)
  return project?.assetTtlDays ?? 30
}

/** Inputs went out with the first submission; a resumed job does not send them again. */
async function* emptyStream(): AsyncGenerator<Uint8Array> {}

/** `parameters` is the request as stored: without prompt, inputs and attribution. */
function requestOf(record: RequestRecord): ImageRequest {
  const parameters = record.parameters as unknown as Omit<ImageRequest, 'prompt' | 'inputs' | 'attribution'>
  return { ...parameters, prompt: record.prompt ?? '', inputs: [], attribution: { tags: record.tags } }
}
