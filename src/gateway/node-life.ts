/** The background life of a node: its lease, recovery of what crashed nodes left, expiry, free disk. */
import { HalftoneError } from '../core/error.ts'
import { settleCharges } from '../core/pricing/index.ts'
import type { ImageRequest } from '../core/request.ts'
import type { LedgerReader, RecoveryReport, ResumableAttempt } from '../ports/ledger.ts'
import type { AttemptResult } from '../ports/provider.ts'
import { storeOutputs } from './assets.ts'
import type { BudgetIndex } from './budget-index.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface NodeLife {
  close(): Promise<void>
}

export interface NodeLifeOptions {
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly budgets: BudgetIndex
  readonly leaseMs: number
  /** What `openNode` found. */
  readonly recovery: RecoveryReport
  /** The lease was lost: this node must stop dispatching at once. */
  onLeaseLost(): void
}

const SWEEP_EVERY_MS = 60_000
const REFRESH_EVERY_MS = 5_000
const SWEEP_ROWS = 500

export function startNodeLife(options: NodeLifeOptions): NodeLife {
  const { services, budgets } = options
  const { ledger, log, node } = services
  const stop = new AbortController()
  const resumed = resumeAll(options, options.recovery, stop.signal)
  const every = (ms: number, what: string, work: () => Promise<void>): Promise<void> =>
    (async () => {
      while (!stop.signal.aborted) {
        await services.clock.sleep(ms, stop.signal).catch(() => undefined)
        if (!stop.signal.aborted)
          await work().catch((err: unknown) => log.error({ err }, `${what} failed; it will be tried again`))
      }
    })()
  const loops = [
    every(options.leaseMs / 3, 'renewing the lease', async () => {
      if (await ledger.renewNode({ nodeId: node.id, epoch: node.epoch, leaseMs: options.leaseMs })) return
      log.error({ nodeId: node.id }, 'the lease of this node was taken over; it stops dispatching')
      options.onLeaseLost()
    }),
    every(options.leaseMs, 'recovering expired nodes', async () =>
      resumeAll(options, await ledger.recoverExpired(), stop.signal),
    ),
    every(REFRESH_EVERY_MS, 'reading budgets', () => budgets.refresh()),
    every(SWEEP_EVERY_MS, 'sweeping', () => sweep(services)),
  ]
  return {
    async close() {
      stop.abort()
      await Promise.all([resumed, ...loops])
    },
  }
}

async function sweep({ ledger, blobs, clock, onDeleted }: GatewayServices): Promise<void> {
  for (let more = true; more; ) {
    const swept = await ledger.sweep({ nowUs: clock.nowUs(), limit: SWEEP_ROWS })
    await Promise.all(swept.deletedBlobs.map((sha256) => Promise.all([blobs.delete(sha256), onDeleted?.(sha256)])))
    more = swept.more
  }
}

async function resumeAll(options: NodeLifeOptions, report: RecoveryReport, signal: AbortSignal): Promise<void> {
  const { log } = options.services
  const { voided, unknown, resumable } = report
  if (voided.length + unknown.length + resumable.length === 0) return
  log.warn(
    { voided: voided.length, unknown, resumable: resumable.length },
    'recovered attempts of a node that did not stop cleanly',
  )
  await Promise.all(
    resumable.map((attempt) =>
      resume(options, attempt, signal).catch((err: unknown) =>
        log.error({ err, attemptId: attempt.attemptId }, 'a recovered job could not be resumed; its money stays unknown'),
      ),
    ),
  )
}

/** Poll a job that was submitted before the crash, and settle it like any other attempt. */
async function resume(
  options: NodeLifeOptions,
  { attemptId, requestId, offer, resume: state }: ResumableAttempt,
  signal: AbortSignal,
): Promise<void> {
  const { services } = options
  const { providers, offers, prices } = options.current()
  const found = offers.find((known) => known.id === offer)
  const provider = found && providers.get(found.provider)
  const record = await services.ledger.read.request(requestId)
  const row = record?.attemptRows.find((attempt) => attempt.id === attemptId)
  if (!found || !provider || !record || !row)
    throw new HalftoneError('not_found', `Offer ${offer} of a recovered job is not configured any more.`)
  const candidate = { offer: found, settings: row.settings as never, warnings: [] }
  const request = requestOf(record)
  const started = services.clock.monotonicMs()
  const result: AttemptResult = await provider.run(
    { attemptId, request, candidate, resume: state },
    { signal, spool: services.spool, openInput: () => emptyStream(), onSubmitted: () => Promise.resolve() },
  )
  if (signal.aborted) return
  const caller = { keyId: record.keyId, projectId: record.projectId, tags: {}, promptMode: 'none' as const, assetTtlDays: 30 }
  const assets =
    result.kind === 'done' ? await storeOutputs(services, { images: result.images, firstImage: row.firstImage, caller }) : []
  const made = result.kind === 'done' ? result.images.length : 0
  const outcome =
    result.kind === 'done'
      ? made < row.imagesWanted
        ? 'partial'
        : 'succeeded'
      : result.failure.code === 'content_refused'
        ? 'refused'
        : 'error'
  const usage = result.kind === 'done' ? result.usage : result.failure.usage
  const settlement = settleCharges(prices, {
    candidate,
    request,
    promptComplexity: Number(record.features['complexity'] ?? 0.5),
    atUs: row.pricedAtUs,
    outcome,
    billed: result.kind === 'done' ? 'yes' : result.failure.billed,
    ...(usage && { usage }),
    ...(result.kind === 'done' && result.reportedCost && { reportedCost: result.reportedCost }),
  })
  const nowUs = services.clock.nowUs()
  await services.ledger.settle({
    attemptId,
    requestId,
    nodeId: services.node.id,
    epoch: services.node.epoch,
    settledUs: nowUs,
    state: settlement.kind === 'charged' ? 'settled' : settlement.kind === 'free' ? 'voided' : 'unknown',
    outcome,
    billed: settlement.kind === 'charged' ? 'yes' : settlement.kind === 'free' ? 'no' : 'unknown',
    usage: {},
    charges: settlement.kind === 'charged' ? settlement.lines : [],
    imagesMade: made,
    assets,
    evidence: { resumed: true },
    findings: [],
    durationUs: Math.round((services.clock.monotonicMs() - started) * 1_000),
    finish: {
      finishedUs: nowUs,
      outcome,
      httpStatus: made > 0 ? 200 : 502,
      imagesReturned: made,
      latencyUs: nowUs - record.createdUs,
      warnings: [],
      ...(result.kind === 'failed' && { errorCode: result.failure.code, errorMessage: result.failure.message }),
    },
  })
  if (result.kind === 'done') await Promise.all(result.images.map((image) => image.body.dispose()))
}

/** Inputs went out with the first submission; a resumed job does not send them again. */
async function* emptyStream(): AsyncGenerator<Uint8Array> {}

function requestOf(record: NonNullable<Awaited<ReturnType<LedgerReader['request']>>>): ImageRequest {
  // `parameters` is what `parametersOf` stored: the request without prompt, inputs and attribution.
  const parameters = record.parameters as unknown as Omit<ImageRequest, 'prompt' | 'inputs' | 'attribution'>
  return { ...parameters, prompt: record.prompt ?? '', inputs: [], attribution: { tags: record.tags } }
}
