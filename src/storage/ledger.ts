/** The `Ledger` port over an engine: it encodes commands, collects them into batches and names the results. */
import type { Kysely } from 'kysely'
import { HalftoneError } from '../core/error.ts'
import type {
  Actor,
  BatchRecord,
  CorrectResult,
  DraftRecord,
  Erased,
  InsightObject,
  Job,
  KeptBook,
  Ledger,
  LedgerAccess,
  LedgerAdmin,
  NewKey,
  NodeOpening,
  RatedImage,
  RecoveryReport,
  ReserveResult,
  RouteVersion,
  SettleResult,
} from '../ports/ledger.ts'
import { createCollector } from './collector.ts'
import { type BatchContext, type Command, type CommandResult, isSingle } from './commands.ts'
import { encodeFinish, encodeReconcile, encodeReserve, encodeSettle } from './encode.ts'
import { createAccessReads } from './reads/access.ts'
import { createAdminReads } from './reads/admin.ts'
import { createBatchReads } from './reads/batches.ts'
import { createCommitmentReads } from './reads/commitments.ts'
import { createExportReads } from './reads/exports.ts'
import { createFeedbackReads } from './reads/feedback.ts'
import { createInsightReads } from './reads/insight.ts'
import { createMonthReads } from './reads/months.ts'
import { bookId, createPriceReads, draftId } from './reads/prices.ts'
import { createQualityReads } from './reads/quality.ts'
import { createReader } from './reads/reader.ts'
import { createRouteReads } from './reads/routes.ts'
import { type Database, type NewRow, storableText } from './schema.ts'

/** Rollups by tag cost a row per value and hour, so that only declared keys have them. */
export const MAX_DECLARED_TAGS = 8

export interface LedgerOptions {
  /** Microseconds since 1970 UTC; stamps administration, and leases where the database has no clock of its own. */
  readonly now: () => number
  /** Tag keys with rollups of their own, at most 8. */
  readonly declaredTags?: readonly string[]
  /** Who asks for the change that is being submitted, for its audit row; undefined: nobody outside. */
  readonly actor?: () => Actor | undefined
}

export interface LedgerEngine {
  readonly options: LedgerOptions
  readonly reads: Kysely<Database>
  /** For questions about much of the past, where they would hold up short ones; absent: those go the same way. */
  readonly longReads?: Kysely<Database>
  /** Only one process can have this database open. */
  readonly exclusive: boolean
  /** One batch, durable when the promise resolves. */
  write(commands: readonly Command[], context: BatchContext): Promise<readonly CommandResult[]>
  close(): Promise<void>
}

export function createLedger(engine: LedgerEngine): Ledger {
  const { options, reads, longReads = reads, exclusive } = engine
  const declaredTags = options.declaredTags ?? []
  if (declaredTags.length > MAX_DECLARED_TAGS) {
    throw new HalftoneError('config_invalid', `At most ${MAX_DECLARED_TAGS} tag keys can be declared for reports.`)
  }
  let node: BatchContext['node'] = null
  const collector = createCollector((commands) => engine.write(commands, { nowUs: options.now(), node, declaredTags, exclusive }))
  // The writer returns what the port promises for each kind of command.
  const submit = <T>(command: Command) => {
    if (!isSingle(command)) return collector.submit(command) as Promise<T>
    const by = options.actor?.()
    return collector.submit(by ? { ...command, by } : command) as Promise<T>
  }
  let closing: Promise<void> | undefined
  return {
    reserve: async (command) => submit<ReserveResult>(encodeReserve(command)),
    settle: async (command) => submit<SettleResult>(encodeSettle(command)),
    reconcile: async (command) => submit<void>(encodeReconcile(command)),
    recordJob: async ({ resume, ...command }) => submit<void>({ kind: 'recordJob', ...command, resume: JSON.stringify(resume) }),
    finishRequest: async ({ requestId, finish }) =>
      submit<void>({ kind: 'finishRequest', requestId, finish: encodeFinish(finish) }),
    countRepeat: (command) => submit<void>({ kind: 'countRepeat', ...command }),
    openNode: async (command) => {
      const opening = await submit<NodeOpening>({ kind: 'openNode', ...command })
      node = { nodeId: command.nodeId, epoch: opening.epoch }
      return opening
    },
    renewNode: (command) => submit<boolean>({ kind: 'renewNode', ...command }),
    recoverExpired: () => submit<RecoveryReport>({ kind: 'recoverExpired' }),
    closeNode: (command) => submit<void>({ kind: 'closeNode', ...command }),
    sweep: (command) => submit({ kind: 'sweep', ...command }),
    read: createReader(reads, longReads),
    admin: { ...createAdminReads(reads), ...adminCommands(submit) },
    access: { ...createAccessReads(reads), ...accessCommands(submit) },
    commitments: {
      ...createCommitmentReads(reads),
      putLots: (lots) => submit<void>({ kind: 'putLots', lots }),
      drawOutside: (draw) => submit<{ drawn: bigint }>({ kind: 'drawOutside', draw }),
      closeLots: ({ atUs }) => submit<{ lotId: string; breakageNanoUsd: bigint }[]>({ kind: 'closeLots', atUs }),
    },
    exports: createExportReads(longReads),
    erasure: { erase: (command) => submit<Erased>({ kind: 'erase', command }) },
    months: {
      ...createMonthReads(reads),
      close: (close) => submit<void>({ kind: 'closeMonth', close }),
      seal: (seal) => submit<void>({ kind: 'sealMonth', seal }),
    },
    prices: {
      ...createPriceReads(reads),
      correct: ({ evidence, ...command }) =>
        submit<CorrectResult>({ kind: 'correct', ...command, evidence: JSON.stringify(evidence) }),
      keep: (books) => submit<void>({ kind: 'keepPrices', rows: books.map(bookRow) }),
      putDraft: (draft) => submit<void>({ kind: 'putPrice', row: draftRow(draft) }),
    },
    feedback: {
      ...createFeedbackReads(reads),
      rate: (feedback) => submit<readonly RatedImage[]>({ kind: 'rate', feedback }),
      deleteImage: (command) => submit<{ deleted: boolean; rated: readonly RatedImage[] }>({ kind: 'deleteImage', ...command }),
    },
    quality: {
      ...createQualityReads(reads),
      reset: (command) => submit<void>({ kind: 'resetQuality', ...command }),
    },
    routes: { ...createRouteReads(reads), put: (route) => submit<RouteVersion>({ kind: 'putRoute', route }) },
    jobs: {
      add: (jobs) => submit<void>({ kind: 'addJobs', jobs }),
      claim: (claim) => submit<readonly Job[]>({ kind: 'claimJobs', claim }),
      finish: (command) => submit<void>({ kind: 'finishJob', ...command }),
      retry: (command) => submit<void>({ kind: 'retryJob', ...command }),
    },
    insight: {
      ...createInsightReads(longReads, declaredTags),
      putObject: (object) => submit<InsightObject>({ kind: 'putInsightObject', object }),
      deleteObject: (object) => submit<boolean>({ kind: 'deleteInsightObject', object }),
    },
    batches: {
      ...createBatchReads(reads),
      addFile: (file) => submit<void>({ kind: 'addFile', file }),
      deleteFile: (command) => submit<boolean>({ kind: 'deleteFile', ...command }),
      add: (batch) => submit<string | null>({ kind: 'addBatch', batch }),
      cancel: (command) => submit<boolean>({ kind: 'cancelBatch', ...command }),
      claim: (command) => submit<readonly BatchRecord[]>({ kind: 'claimBatches', ...command }),
      addLines: (command) => submit<void>({ kind: 'addBatchLines', ...command }),
      start: (command) => submit<void>({ kind: 'startBatch', ...command }),
      finishLine: (line) => submit<void>({ kind: 'finishBatchLine', line }),
      postponeLine: (command) => submit<void>({ kind: 'postponeBatchLine', ...command }),
      closeWaiting: (command) => submit<void>({ kind: 'closeBatchLines', ...command }),
      end: (end) => submit<void>({ kind: 'endBatch', end }),
    },
    stats: () => collector.stats(),
    close: () => {
      closing ??= collector.drain().then(() => engine.close())
      return closing
    },
  }
}

const accessCommands = (
  submit: <T>(command: Command) => Promise<T>,
): Pick<LedgerAccess, 'startSession' | 'touchSession' | 'endSession' | 'recordAudit'> => ({
  startSession: (session) =>
    submit<void>({
      kind: 'startSession',
      row: {
        id: session.id,
        hash: session.hash,
        key_id: session.keyId,
        subject: session.subject,
        name: storableText(session.name),
        claims: session.claims && JSON.stringify(session.claims),
        created_us: session.createdUs,
        seen_us: session.createdUs,
        expires_us: session.expiresUs,
        ended_us: null,
        address: session.address,
      },
    }),
  touchSession: (id, seenUs) => submit<void>({ kind: 'touchSession', id, seenUs }),
  endSession: (id, atUs) => submit<boolean>({ kind: 'endSession', id, atUs }),
  recordAudit: (entry) => submit<void>({ kind: 'recordAudit', entry }),
})

type AdminWrites = Pick<LedgerAdmin, 'createKey' | 'putKey' | 'revokeKey' | 'putProject' | 'putBudget' | 'deleteBudget'>

const adminCommands = (submit: <T>(command: Command) => Promise<T>): AdminWrites => ({
  createKey: (key) => submit<void>({ kind: 'createKey', row: keyRow(key) }),
  putKey: (key) => submit<void>({ kind: 'putKey', row: keyRow(key) }),
  revokeKey: (id, atUs) => submit<boolean>({ kind: 'revokeKey', id, atUs }),
  putProject: (project) =>
    submit<void>({
      kind: 'putProject',
      row: {
        id: project.id,
        name: project.name,
        prompt_mode: project.promptMode,
        asset_ttl_days: project.assetTtlDays,
        content_ttl_days: project.contentTtlDays ?? null,
        record_ttl_days: project.recordsTtlDays ?? null,
        tags: JSON.stringify(project.tags),
        managed_by: project.managedBy,
      },
    }),
  putBudget: (budget) =>
    submit<void>({
      kind: 'putBudget',
      row: {
        id: budget.id,
        scope: budget.scope,
        scope_value: budget.scopeValue,
        period: budget.period,
        limit_nano_usd: budget.limitNanoUsd,
        hard: budget.hard ? 1 : 0,
        managed_by: budget.managedBy,
      },
    }),
  deleteBudget: (id) => submit<boolean>({ kind: 'deleteBudget', id }),
})

/** One row per hash, for good: the id is the content. */
const bookRow = ({ hash, name, isOverlay, book, keptUs }: KeptBook): NewRow<'prices'> => ({
  id: bookId(hash),
  provider: name,
  version: 1,
  created_us: keptUs,
  retired_us: null,
  managed_by: 'file',
  document: JSON.stringify({ isOverlay, book }),
})

const draftRow = (draft: DraftRecord): NewRow<'prices'> => ({
  id: draftId(draft.id),
  provider: draft.provider,
  version: draft.version,
  created_us: draft.createdUs,
  retired_us: draft.closedUs,
  managed_by: 'api',
  document: JSON.stringify(draft.document),
})

const keyRow = (key: NewKey): NewRow<'keys'> => ({
  id: key.id,
  name: key.name,
  hash: key.hash,
  prefix: key.prefix,
  role: key.role,
  project_id: key.projectId,
  tags: JSON.stringify(key.tags),
  allowed_models: key.allowedModels ? JSON.stringify(key.allowedModels) : null,
  created_us: key.createdUs,
  managed_by: key.managedBy,
  revoked_us: null,
})
