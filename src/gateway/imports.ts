/**
 * Spend that was made elsewhere, written by the ledger's own commands: each row is a request with one settled attempt, on a
 * route no client can name and an offer the router never sees. Budgets, tiers and what is learned do not count it.
 */
import { createHash } from 'node:crypto'
import { v7 } from 'uuid'
import { HalftoneError } from '../core/error.ts'
import { formatUsd, type NanoUsd } from '../core/money.ts'
import { offerId } from '../core/offer.ts'
import type { ChargeLine, Outcome, Provenance } from '../core/outcome.ts'
import { type Operation, type Size, sizeClassOf } from '../core/request.ts'
import type { AttemptRecordRow, NewAttempt, NewRequest, SettleCommand, TimestampUs } from '../ports/ledger.ts'
import type { GatewayServices } from './state.ts'

/** One line of a bill or a log. */
export interface SpendRow {
  /** Unique within its source. */
  readonly evidenceId: string
  readonly atUs: TimestampUs
  readonly provider: string
  readonly model: string
  readonly operation: Operation
  readonly images: number
  readonly amountNanoUsd: NanoUsd
  readonly provenance: Provenance
  readonly outcome: Outcome
  /** Calls that the row sums up; absent: the source does not tell. */
  readonly requests?: number
  readonly durationUs?: number
  readonly size?: Size
  readonly quality?: string
  readonly endCustomer?: string
  readonly tags: Readonly<Record<string, string>>
  readonly description?: string
}

/** What is done with a row: it was not known, or with another amount or count, or it stands as it is. */
export type RowState = 'written' | 'corrected' | 'unchanged'

export interface Imports {
  /** Write what is not known yet, correct what is known otherwise; row by row. Doing it twice changes nothing. */
  run(source: string, projectId: string, rows: readonly SpendRow[]): Promise<readonly RowState[]>
  /** What `run` would do now. */
  look(source: string, rows: readonly SpendRow[]): Promise<readonly RowState[]>
}

/** The route of imported requests: the colon keeps it apart from any that can be configured. */
export const importRoute = (source: string): string => `import:${source}`

/** Never: an evidence id counts once, however late it comes again. */
const FOREVER_US = 253_402_300_799_000_000
/** The tier of the offer an import is booked under, so that nothing learned about the real offer mixes with it. */
const IMPORTED = 'imported'

type ImportServices = Pick<GatewayServices, 'ledger' | 'clock' | 'node'>

export function createImports(services: ImportServices): Imports {
  return {
    async run(source, projectId, rows) {
      checkTimes(rows, services.clock.nowUs())
      return Promise.all(rows.map((row) => record(services, { source, projectId, row })))
    },
    async look(source, rows) {
      checkTimes(rows, services.clock.nowUs())
      const known = await services.ledger.read.byScope(rows.map((row) => scopeOf(source, row)))
      return Promise.all(rows.map((row) => stateOf(services, row, known.get(scopeOf(source, row)))))
    },
  }
}

function checkTimes(rows: readonly SpendRow[], nowUs: TimestampUs): void {
  const seen = new Set<string>()
  for (const [index, row] of rows.entries()) {
    if (row.atUs > nowUs) {
      throw new HalftoneError('invalid_value', 'The time is in the future; only what was spent can be imported.', {
        param: `rows.${index}.at`,
      })
    }
    if (seen.has(row.evidenceId)) {
      throw new HalftoneError('invalid_value', `"${row.evidenceId}" stands twice; add up rows of one evidence id first.`, {
        param: `rows.${index}.evidence_id`,
      })
    }
    seen.add(row.evidenceId)
  }
}

interface Line {
  readonly source: string
  readonly projectId: string
  readonly row: SpendRow
}

const scopeOf = (source: string, { evidenceId }: SpendRow): string => `${importRoute(source)}\n${evidenceId}`

async function stateOf({ ledger }: ImportServices, row: SpendRow, requestId: string | undefined): Promise<RowState> {
  const attempt = requestId === undefined ? undefined : (await ledger.read.request(requestId))?.attemptRows[0]
  // What is written at this very moment will be known.
  if (!attempt) return requestId === undefined ? 'written' : 'unchanged'
  return attempt.state !== 'dispatched' && isSame(attempt, row) ? 'unchanged' : 'corrected'
}

/** Whether what stands is what the row says. */
function isSame(attempt: AttemptRecordRow, row: SpendRow): boolean {
  const spent = attempt.charges.reduce((sum, charge) => sum + charge.amountNanoUsd, 0n)
  const says = spent === row.amountNanoUsd && attempt.imagesMade === row.images && attempt.outcome === row.outcome
  return says && attempt.state !== 'unknown'
}

async function record(services: ImportServices, line: Line): Promise<RowState> {
  const { ledger } = services
  const request = requestOf(line)
  const attempt = attemptOf(line, request.id, services.node)
  const reserved = await ledger.reserve({
    request,
    attempt,
    budgetIds: [],
    idempotency: { scope: request.idempotencyScope, fingerprint: request.fingerprint, expiresUs: FOREVER_US },
  })
  if (reserved.kind === 'reserved') {
    const settled = await ledger.settle(settleOf(line, attempt))
    return settled.kind === 'settled' ? 'written' : 'unchanged'
  }
  if (reserved.kind === 'budget_exceeded') throw new Error('an import is held against no budget')
  return correct(services, line, reserved.requestId)
}

/** The row is known: nothing to do when it says the same, else its charges are reversed and posted anew. */
async function correct({ ledger, clock }: ImportServices, line: Line, requestId: string): Promise<RowState> {
  const known = await ledger.read.request(requestId)
  const attempt = known?.attemptRows[0]
  if (!attempt) throw new HalftoneError('conflict', `The row "${line.row.evidenceId}" is being imported just now; repeat it.`)
  const { row } = line
  if (attempt.state === 'dispatched') {
    // Another import of it is between its two commits, or a crash was and no recovery has looked at it yet.
    const settled = await ledger.settle(settleOf(line, attempt))
    return settled.kind === 'settled' ? 'written' : 'unchanged'
  }
  if (isSame(attempt, row)) return 'unchanged'
  await ledger.reconcile({
    attemptId: attempt.id,
    atUs: clock.nowUs(),
    // A bill may change twice, and back; what stood before is part of the evidence.
    evidenceId: `${fingerprintOf(line)}#${attempt.charges.length}`,
    source: importRoute(line.source),
    charges: chargesOf(line),
    outcome: row.outcome,
    imagesMade: row.images,
    assets: [],
  })
  return 'corrected'
}

function requestOf({ source, projectId, row }: Line): NewRequest & { readonly idempotencyScope: string } {
  return {
    id: idOf(row.atUs, `request\n${source}\n${row.evidenceId}`),
    idempotencyScope: scopeOf(source, row),
    createdUs: row.atUs,
    keyId: 'import',
    projectId,
    operation: row.operation,
    model: row.model,
    route: importRoute(source),
    n: Math.max(1, row.images),
    ...(row.endCustomer !== undefined && { endCustomer: row.endCustomer }),
    tags: row.tags,
    fingerprint: fingerprintOf({ source, row }),
    sizeClass: row.size ? sizeClassOf(row.size) : '',
    quality: row.quality ?? '',
    promptClass: '',
    sandbox: false,
    content: { prompt: null, promptHmac: null, parameters: {}, features: {} },
    decision: {
      imported: { source, evidence_id: row.evidenceId, ...(row.requests !== undefined && { requests: row.requests }) },
    },
    inputs: [],
  }
}

function attemptOf({ source, row }: Line, requestId: string, node: GatewayServices['node']): NewAttempt {
  return {
    id: idOf(row.atUs, `attempt\n${source}\n${row.evidenceId}`),
    requestId,
    sequence: 1,
    kind: 'primary',
    state: 'dispatched',
    offer: offerId({ provider: row.provider, model: row.model, tier: IMPORTED }),
    provider: row.provider,
    providerType: row.provider,
    model: row.model,
    settings: {},
    imagesWanted: row.images,
    firstImage: 0,
    expectedNanoUsd: row.amountNanoUsd,
    // What counts if a crash comes between this commit and the next.
    holdNanoUsd: row.amountNanoUsd,
    priceBook: '',
    pricedAtUs: row.atUs,
    nodeId: node.id,
    epoch: node.epoch,
    createdUs: row.atUs,
    sandbox: false,
  }
}

function settleOf(line: Line, attempt: Pick<NewAttempt, 'id' | 'requestId' | 'nodeId' | 'epoch'>): SettleCommand {
  const { row } = line
  return {
    attemptId: attempt.id,
    requestId: attempt.requestId,
    nodeId: attempt.nodeId,
    epoch: attempt.epoch,
    settledUs: row.atUs,
    state: 'settled',
    outcome: row.outcome,
    billed: 'yes',
    usage: row.images > 0 ? { 'images.out': String(row.images) } : {},
    charges: chargesOf(line),
    imagesMade: row.images,
    assets: [],
    evidence: { imported: line.source, evidence_id: row.evidenceId },
    findings: [],
    ...(row.durationUs !== undefined && { durationUs: row.durationUs }),
    finish: {
      finishedUs: row.atUs,
      outcome: row.outcome,
      httpStatus: row.outcome === 'succeeded' ? 200 : 502,
      imagesReturned: row.outcome === 'succeeded' ? row.images : 0,
      ...(row.durationUs !== undefined && { latencyUs: row.durationUs }),
      // There is no answer to replay; without one the evidence id would be free again.
      response: { imported: line.source },
      warnings: [],
    },
  }
}

function chargesOf({ source, row }: Line): readonly ChargeLine[] {
  const amount = formatUsd(row.amountNanoUsd)
  return [
    {
      kind: 'usage',
      ...(row.images > 0 && { meter: 'images.out', quantity: String(row.images) }),
      amountNanoUsd: row.amountNanoUsd,
      nativeAmount: amount,
      nativeUnit: 'USD',
      fxRate: '1',
      fxSource: 'USD',
      rateId: importRoute(source),
      priceBook: '',
      provenance: row.provenance,
      description: row.description ?? `Imported from ${source}: $${amount}`,
    },
  ]
}

/** A UUIDv7 that the same row always gets: two imports of it at once cannot both be written. */
function idOf(atUs: TimestampUs, name: string): string {
  const random = createHash('sha256').update(name).digest().subarray(0, 16)
  return v7({ msecs: Math.floor(atUs / 1_000), random })
}

function fingerprintOf({ source, row }: Pick<Line, 'source' | 'row'>): string {
  const text = JSON.stringify([source, row], (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return createHash('sha256').update(text).digest('hex')
}
