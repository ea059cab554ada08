/**
 * What the collector hands to the writer: the port's commands, with rows already in column order and JSON already text, so
 * that sending them to another thread costs little and the writer only decides, counts and binds.
 */
import type { Billed, ErrorCode } from '../core/error.ts'
import type { NanoUsd } from '../core/money.ts'
import type { ChargeLine, Outcome, RefusalStage } from '../core/outcome.ts'
import type { Correction } from '../core/pricing/rerate.ts'
import type {
  Actor,
  Consumption,
  FeedbackCommand,
  Ledger,
  LedgerInsight,
  LedgerJobs,
  NewAsset,
  NewAuditEntry,
  NewJob,
  NewLot,
  OutsideDraw,
  PutInsightObject,
  PutRoute,
} from '../ports/ledger.ts'
import type { EraseCommand } from '../ports/ledger-erasure.ts'
import type { CloseMonth, SealMonth } from '../ports/ledger-months.ts'
import type { BatchCommand } from './batch/batches.ts'
import type { NewRow, RowTuple } from './schema.ts'

export interface EncodedReserve {
  readonly kind: 'reserve'
  readonly attemptId: string
  readonly requestId: string
  readonly nodeId: string
  readonly epoch: number
  readonly createdUs: number
  readonly sandbox: 0 | 1
  readonly holdNanoUsd: NanoUsd
  /** Ascending. */
  readonly budgetIds: readonly string[]
  readonly idempotency?: { readonly scope: string; readonly fingerprint: string; readonly expiresUs: number }
  readonly attempt: RowTuple
  readonly request?: { readonly row: RowTuple; readonly content: RowTuple; readonly projectId: string }
  readonly inputs: readonly NewAsset[]
}

export interface EncodedFinish {
  readonly finishedUs: number
  readonly outcome: Outcome
  readonly httpStatus: number
  readonly imagesReturned: number
  readonly latencyUs: number | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly response: string | null
  readonly warnings: string
}

export interface EncodedSettle {
  readonly kind: 'settle'
  readonly attemptId: string
  readonly requestId: string
  readonly nodeId: string
  readonly epoch: number
  readonly settledUs: number
  readonly state: 'settled' | 'voided' | 'unknown'
  readonly outcome: Outcome
  readonly stage: RefusalStage | null
  readonly billed: Billed
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly usage: string
  readonly reportedCost: string | null
  readonly charges: readonly ChargeLine[]
  readonly consumption: Consumption | undefined
  readonly imagesMade: number
  readonly assets: readonly NewAsset[]
  /** JSON of `{ evidence, findings }`. */
  readonly evidence: string
  readonly httpStatus: number | null
  readonly providerRequestId: string | null
  readonly firstByteUs: number | null
  readonly durationUs: number | null
  readonly finish?: EncodedFinish
}

export interface EncodedReconcile {
  readonly kind: 'reconcile'
  readonly attemptId: string
  readonly atUs: number
  readonly evidenceId: string
  readonly source: string
  readonly charges: readonly ChargeLine[]
  readonly outcome: Outcome
  readonly imagesMade?: number
  readonly assets: readonly NewAsset[]
}

export interface EncodedCorrect {
  readonly kind: 'correct'
  readonly attemptId: string
  readonly atUs: number
  readonly standing: readonly string[]
  readonly corrections: readonly Correction[]
  /** JSON. */
  readonly evidence: string
}

export interface EncodedRecordJob {
  readonly kind: 'recordJob'
  readonly attemptId: string
  readonly jobId: string
  readonly resume: string
  readonly atUs: number
}

export interface EncodedFinishRequest {
  readonly kind: 'finishRequest'
  readonly requestId: string
  readonly finish: EncodedFinish
}

export interface EncodedCountRepeat {
  readonly kind: 'countRepeat'
  readonly requestId: string
  readonly savedNanoUsd: bigint
}

/** Commands decided together in memory and written in bulk. */
export type BulkCommand =
  | EncodedReserve
  | EncodedSettle
  | EncodedReconcile
  | EncodedCorrect
  | EncodedRecordJob
  | EncodedFinishRequest
  | EncodedCountRepeat

/** Commands that run one after the other inside the batch. */
export type SingleCommand =
  | BatchCommand
  | { readonly kind: 'openNode'; readonly nodeId: string; readonly leaseMs: number }
  | { readonly kind: 'renewNode'; readonly nodeId: string; readonly epoch: number; readonly leaseMs: number }
  | { readonly kind: 'recoverExpired' }
  | { readonly kind: 'closeNode'; readonly nodeId: string; readonly epoch: number }
  | ({ readonly kind: 'sweep' } & Parameters<Ledger['sweep']>[0])
  | { readonly kind: 'createKey'; readonly row: NewRow<'keys'> }
  | { readonly kind: 'putKey'; readonly row: NewRow<'keys'> }
  | { readonly kind: 'revokeKey'; readonly id: string; readonly atUs: number }
  | { readonly kind: 'putProject'; readonly row: NewRow<'projects'> }
  | { readonly kind: 'putBudget'; readonly row: NewRow<'budgets'> }
  | { readonly kind: 'keepPrices'; readonly rows: readonly NewRow<'prices'>[] }
  | { readonly kind: 'putPrice'; readonly row: NewRow<'prices'> }
  | { readonly kind: 'deleteBudget'; readonly id: string }
  | { readonly kind: 'putRoute'; readonly route: PutRoute }
  | { readonly kind: 'putLots'; readonly lots: readonly NewLot[] }
  | { readonly kind: 'drawOutside'; readonly draw: OutsideDraw }
  | { readonly kind: 'closeLots'; readonly atUs: number }
  | { readonly kind: 'erase'; readonly command: EraseCommand }
  | { readonly kind: 'closeMonth'; readonly close: CloseMonth }
  | { readonly kind: 'sealMonth'; readonly seal: SealMonth }
  | { readonly kind: 'rate'; readonly feedback: FeedbackCommand }
  | { readonly kind: 'resetQuality'; readonly product: string; readonly atUs: number }
  | { readonly kind: 'putInsightObject'; readonly object: PutInsightObject }
  | { readonly kind: 'deleteInsightObject'; readonly object: Parameters<LedgerInsight['deleteObject']>[0] }
  | { readonly kind: 'addJobs'; readonly jobs: readonly NewJob[] }
  | { readonly kind: 'claimJobs'; readonly claim: Parameters<LedgerJobs['claim']>[0] }
  | { readonly kind: 'finishJob'; readonly id: string; readonly atUs: number; readonly error?: string }
  | { readonly kind: 'retryJob'; readonly id: string; readonly runAtUs: number; readonly error: string }
  | { readonly kind: 'deleteImage'; readonly assetId: string; readonly keyId: string; readonly atUs: number }
  | { readonly kind: 'startSession'; readonly row: NewRow<'sessions'> }
  | { readonly kind: 'touchSession'; readonly id: string; readonly seenUs: number }
  | { readonly kind: 'endSession'; readonly id: string; readonly atUs: number }
  | { readonly kind: 'recordAudit'; readonly entry: NewAuditEntry }

/** `by`: who asked for it, for the audit row. */
export type AskedCommand = SingleCommand & { readonly by?: Actor }
export type Command = BulkCommand | AskedCommand

const bulkKinds: ReadonlySet<string> = new Set<BulkCommand['kind']>([
  'reserve',
  'settle',
  'reconcile',
  'correct',
  'recordJob',
  'finishRequest',
  'countRepeat',
])
export const isSingle = (command: Command): command is AskedCommand => !bulkKinds.has(command.kind)

/** What became of one command. Errors are typed refusals of that command alone; the batch goes on. */
export type CommandResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string }

/** What a batch needs to know besides its commands. */
export interface BatchContext {
  readonly nowUs: number
  /** Who asked for the command that is being run; absent: no request did. */
  readonly by?: Actor | undefined
  /** The node this ledger opened, if any: it may claim attempts to resume, and its id shards the rollups. */
  readonly node: { readonly nodeId: string; readonly epoch: number } | null
  /** Tag keys that have rollups of their own. */
  readonly declaredTags: readonly string[]
  /** Only one process can have this database open, so that every earlier node is dead. */
  readonly exclusive: boolean
}
