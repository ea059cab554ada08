/** Sums: budgets, totals, and what the router asks. */
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { periodEndUs, periodStartUs } from '../../core/budget/period.ts'
import { type AttemptState, attemptStates, type Provenance, provenances } from '../../core/outcome.ts'
import type { BudgetState, LedgerReader, LedgerTotals } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { toBudget } from './admin.ts'
import { toSum } from './decode.ts'

export const createReportReads = (
  db: Kysely<Database>,
): Pick<LedgerReader, 'budgetStates' | 'totals' | 'running' | 'monthToDate'> => ({
  budgetStates: (nowUs) => readBudgetStates(db, nowUs),
  totals: (query) => readTotals(db, query),
  running: (query) => readRunning(db, query),
  monthToDate: async (nowUs) => {
    const rows = await db
      .selectFrom('rollups')
      .select(({ fn }) => ['offer', fn.sum<bigint>('images').as('images'), fn.sum<bigint>('cost_nano_usd').as('cost')])
      .where('hour_us', '>=', BigInt(periodStartUs('month', nowUs)))
      .where('sandbox', '=', 0n)
      .groupBy('offer')
      .orderBy('offer')
      .execute()
    return rows.map((row) => ({ offer: row.offer, images: Number(row.images), costNanoUsd: toSum(row.cost) }))
  },
})

async function readBudgetStates(db: Kysely<Database>, nowUs: number): Promise<readonly BudgetState[]> {
  const budgets = (await db.selectFrom('budgets').selectAll().orderBy('id').execute()).map(toBudget)
  if (budgets.length === 0) return []
  const starts = [...new Set(budgets.map((budget) => periodStartUs(budget.period, nowUs)))].map(BigInt)
  const rows = await db.selectFrom('budget_periods').selectAll().where('period_start_us', 'in', starts).execute()
  return budgets.map((budget) => {
    const start = periodStartUs(budget.period, nowUs)
    const counterOf = (sandbox: bigint) =>
      rows.find(
        (row) =>
          row.budget_id === budget.id &&
          row.period === budget.period &&
          Number(row.period_start_us) === start &&
          row.sandbox === sandbox,
      )
    const real = counterOf(0n)
    const sandboxed = counterOf(1n)
    return {
      budget,
      periodStartUs: start,
      resetsAtUs: periodEndUs(budget.period, start),
      spentNanoUsd: real?.spent_nano_usd ?? 0n,
      heldNanoUsd: real?.held_nano_usd ?? 0n,
      sandboxSpentNanoUsd: sandboxed?.spent_nano_usd ?? 0n,
      sandboxHeldNanoUsd: sandboxed?.held_nano_usd ?? 0n,
    }
  })
}

async function readTotals(
  db: Kysely<Database>,
  { sinceUs = 0, sandbox, projectId }: { sinceUs?: number; sandbox: boolean; projectId?: string },
): Promise<LedgerTotals> {
  const flag = sandbox ? 1n : 0n
  const since = BigInt(sinceUs)
  const ofProject = projectId === undefined ? sql<boolean>`1 = 1` : sql<boolean>`project_id = ${projectId}`
  const attemptOfProject =
    projectId === undefined
      ? sql<boolean>`1 = 1`
      : sql<boolean>`attempts.request_id IN (SELECT id FROM requests WHERE project_id = ${projectId} AND created_us >= ${since})`
  const requests = await db
    .selectFrom('requests')
    .select(({ fn }) => fn.countAll<bigint>().as('requests'))
    .where('sandbox', '=', flag)
    .where('created_us', '>=', since)
    .where(ofProject)
    .executeTakeFirstOrThrow()
  const attempts = await db
    .selectFrom('attempts')
    .select(({ fn }) => [
      'state',
      fn.countAll<bigint>().as('attempts'),
      fn.sum<bigint>('images_made').as('images'),
      fn.sum<bigint>('hold_nano_usd').as('held'),
    ])
    .where('sandbox', '=', flag)
    .where('created_us', '>=', since)
    .where(attemptOfProject)
    .groupBy('state')
    .execute()
  const charges = await db
    .selectFrom('charges')
    .select(({ fn }) => ['provenance', fn.sum<bigint>('amount_nano_usd').as('amount')])
    .where('sandbox', '=', flag)
    .where('incurred_us', '>=', since)
    .where(ofProject)
    .groupBy('provenance')
    .execute()
  const draws = await drawSums(db, { sandbox: flag, since, attemptOfProject })
  const open = attempts.filter(({ state }) => state === 'intent' || state === 'dispatched')
  const byProvenance = new Map(charges.map((row) => [row.provenance, toSum(row.amount)]))
  const byState = new Map(attempts.map((row) => [row.state, Number(row.attempts)]))
  return {
    requests: Number(requests.requests),
    images: Number(attempts.reduce((total, row) => total + toSum(row.images), 0n)),
    costNanoUsd: charges.reduce((total, row) => total + toSum(row.amount), 0n),
    heldNanoUsd: open.reduce((total, row) => total + toSum(row.held), 0n),
    ...draws,
    unknownNanoUsd: await standingProvisional(db, { sandbox: flag, since, attemptOfProject }),
    attemptsByState: Object.fromEntries(attemptStates.map((state) => [state, byState.get(state) ?? 0])) as Record<
      AttemptState,
      number
    >,
    byProvenance: Object.fromEntries(provenances.map((name) => [name, byProvenance.get(name) ?? 0n])) as Record<
      Provenance,
      bigint
    >,
  }
}

/** Written out and not bound: SQLite takes an index of some rows only for a condition that it can read. */
const isOpen = sql<boolean>`attempts.state IN ('intent', 'dispatched')`
const isUnknown = sql<boolean>`attempts.state = 'unknown'`

async function readRunning(
  db: Kysely<Database>,
  { sandbox, projectId, keyId }: { sandbox: boolean; projectId?: string; keyId?: string },
): ReturnType<LedgerReader['running']> {
  const flag = sandbox ? 1n : 0n
  let requests = db
    .selectFrom('requests')
    .select(({ fn }) => fn.countAll<bigint>().as('requests'))
    .where('finished_us', 'is', null)
    .where('requests.sandbox', '=', flag)
  let attempts = db
    .selectFrom('attempts')
    .innerJoin('requests', 'requests.id', 'attempts.request_id')
    .select(({ fn }) => fn.sum<bigint | null>('hold_nano_usd').as('held'))
    .where(isOpen)
    .where('attempts.sandbox', '=', flag)
  if (projectId !== undefined) {
    requests = requests.where('project_id', '=', projectId)
    attempts = attempts.where('project_id', '=', projectId)
  }
  if (keyId !== undefined) {
    requests = requests.where('key_id', '=', keyId)
    attempts = attempts.where('key_id', '=', keyId)
  }
  const held = await attempts.executeTakeFirst()
  return {
    requests: Number((await requests.executeTakeFirstOrThrow()).requests),
    heldNanoUsd: toSum(held?.held),
  }
}

interface SumQuery {
  readonly sandbox: bigint
  readonly since: bigint
  /** Condition on `attempts`. */
  readonly attemptOfProject: RawBuilder<boolean>
}

/** Draws of attempts: those made outside Halftone belong to no charge. */
async function drawSums(
  db: Kysely<Database>,
  { sandbox, since, attemptOfProject }: SumQuery,
): Promise<Pick<LedgerTotals, 'coveredNanoUsd' | 'drawnNanoUsd'>> {
  const row = await db
    .selectFrom('credit_draws')
    .innerJoin('attempts', 'attempts.id', 'credit_draws.attempt_id')
    .select(({ fn }) => [
      fn.sum<bigint>('credit_draws.covered_nano_usd').as('covered'),
      fn.sum<bigint>('credit_draws.effective_nano_usd').as('drawn'),
    ])
    .where('attempts.sandbox', '=', sandbox)
    .where('credit_draws.drawn_us', '>=', since)
    .where(attemptOfProject)
    .executeTakeFirst()
  return { coveredNanoUsd: toSum(row?.covered), drawnNanoUsd: toSum(row?.drawn) }
}

/** Provisional charges of attempts nobody has evidence for yet. */
async function standingProvisional(db: Kysely<Database>, { sandbox, since, attemptOfProject }: SumQuery): Promise<bigint> {
  const row = await db
    .selectFrom('charges')
    .innerJoin('attempts', 'attempts.id', 'charges.attempt_id')
    .select(sql<bigint | string | null>`sum(charges.amount_nano_usd)`.as('amount'))
    .where(isUnknown)
    .where('charges.sandbox', '=', sandbox)
    .where('charges.incurred_us', '>=', since)
    .where(attemptOfProject)
    .executeTakeFirst()
  return toSum(row?.amount)
}
