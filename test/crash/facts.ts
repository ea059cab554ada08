/** What the database holds, read past all of the gateway's code. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'

export interface AttemptFact {
  readonly id: string
  readonly requestId: string
  readonly offer: string
  readonly state: string
  readonly sandbox: boolean
  readonly holdNanoUsd: bigint
  readonly imagesMade: bigint
  readonly settledUs: bigint | null
  readonly outcome: string | null
  readonly jobId: string | null
  readonly nodeId: string
  readonly errorMessage: string | null
}

export interface ChargeFact {
  readonly id: string
  readonly attemptId: string | null
  readonly kind: string
  readonly amountNanoUsd: bigint
  readonly sandbox: boolean
  readonly reverses: string | null
}

export interface RequestFact {
  readonly id: string
  readonly prompt: string
  readonly finished: boolean
  readonly httpStatus: bigint | null
  readonly imagesReturned: bigint
  /** An answer is kept that an idempotent repeat gets. */
  readonly replayable: boolean
  readonly tagged: boolean
}

export interface EventFact {
  readonly attemptId: string
  readonly kind: string
  /** For `recovered` and `claimed`: whose attempt it was. */
  readonly nodeId: string | null
}

export interface BudgetPeriodFact {
  readonly key: string
  readonly spentNanoUsd: bigint
  readonly heldNanoUsd: bigint
}

export interface HoldFact {
  readonly attemptId: string
  /** The budget period it counts in. */
  readonly key: string
  readonly amountNanoUsd: bigint
}

export interface RollupFact {
  readonly offer: string
  readonly sandbox: boolean
  readonly requests: bigint
  readonly attempts: bigint
  readonly images: bigint
  readonly costNanoUsd: bigint
  readonly provisionalNanoUsd: bigint
}

export interface AssetFact {
  readonly requestId: string
  readonly attemptId: string
  readonly sha256: string
}

export interface LedgerFacts {
  readonly requests: readonly RequestFact[]
  readonly attempts: readonly AttemptFact[]
  readonly charges: readonly ChargeFact[]
  readonly events: readonly EventFact[]
  readonly holds: readonly HoldFact[]
  readonly budgets: readonly BudgetPeriodFact[]
  readonly rollups: readonly RollupFact[]
  /** Sum over `rollup_tags` of the tag that every call carries. */
  readonly taggedCostNanoUsd: bigint
  /** Output images that are kept. */
  readonly outputs: readonly AssetFact[]
}

type Row = Readonly<Record<string, unknown>>
type Query = (sql: string) => Promise<readonly Row[]>

export interface Database {
  query: Query
  close(): Promise<void>
}

/** Read-only: a bug of the suite must not mend the ledger. */
export function openSqliteFacts(dataDir: string): Database {
  const db = new DatabaseSync(join(dataDir, 'ledger.db'), { readOnly: true, timeout: 5000 })
  return {
    query: async (sql) => {
      const statement = db.prepare(sql)
      statement.setReadBigInts(true)
      return statement.all()
    },
    close: async () => db.close(),
  }
}

export async function openPostgresFacts(url: string): Promise<Database> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('SET default_transaction_read_only = on')
  return {
    query: async (sql) => (await client.query<Row>(sql)).rows,
    close: () => client.end(),
  }
}

const int = (value: unknown): bigint => BigInt(String(value ?? 0))
const intOrNull = (value: unknown): bigint | null => (value === null || value === undefined ? null : BigInt(String(value)))
const text = (value: unknown): string => String(value)
const textOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : String(value))

const PERIOD = `budget_id || ' ' || period || ' ' || period_start_us || ' ' || sandbox AS key`

export async function readFacts({ query }: Database): Promise<LedgerFacts> {
  const read = async <T>(sql: string, map: (row: Row) => T): Promise<readonly T[]> => (await query(sql)).map(map)
  const tagged = await query(
    `SELECT CAST(coalesce(sum(cost_nano_usd), 0) AS TEXT) AS cost FROM rollup_tags WHERE tag_key = 'crash'`,
  )
  return {
    requests: await read(
      `SELECT r.id, r.finished_us, r.http_status, r.images_returned, r.tags, c.prompt,
        CASE WHEN c.response IS NULL THEN 0 ELSE 1 END AS replayable
        FROM requests r JOIN request_content c ON c.request_id = r.id`,
      (row) => ({
        id: text(row['id']),
        prompt: text(row['prompt']),
        finished: row['finished_us'] !== null,
        httpStatus: intOrNull(row['http_status']),
        imagesReturned: int(row['images_returned']),
        replayable: int(row['replayable']) === 1n,
        tagged: text(row['tags']).includes('"crash"'),
      }),
    ),
    attempts: await read('SELECT * FROM attempts ORDER BY id', (row) => ({
      id: text(row['id']),
      requestId: text(row['request_id']),
      offer: text(row['offer']),
      state: text(row['state']),
      sandbox: int(row['sandbox']) === 1n,
      holdNanoUsd: int(row['hold_nano_usd']),
      imagesMade: int(row['images_made']),
      settledUs: intOrNull(row['settled_us']),
      outcome: textOrNull(row['outcome']),
      jobId: textOrNull(row['job_id']),
      nodeId: text(row['node_id']),
      errorMessage: textOrNull(row['error_message']),
    })),
    charges: await read('SELECT id, attempt_id, kind, amount_nano_usd, sandbox, reverses FROM charges', (row) => ({
      id: text(row['id']),
      attemptId: textOrNull(row['attempt_id']),
      kind: text(row['kind']),
      amountNanoUsd: int(row['amount_nano_usd']),
      sandbox: int(row['sandbox']) === 1n,
      reverses: textOrNull(row['reverses']),
    })),
    events: await read('SELECT attempt_id, kind, data FROM attempt_events ORDER BY id', (row) => ({
      attemptId: text(row['attempt_id']),
      kind: text(row['kind']),
      nodeId: (JSON.parse(text(row['data'])) as { readonly nodeId?: string }).nodeId ?? null,
    })),
    holds: await read(`SELECT attempt_id, amount_nano_usd, ${PERIOD} FROM holds`, (row) => ({
      attemptId: text(row['attempt_id']),
      key: text(row['key']),
      amountNanoUsd: int(row['amount_nano_usd']),
    })),
    budgets: await read(`SELECT spent_nano_usd, held_nano_usd, ${PERIOD} FROM budget_periods`, (row) => ({
      key: text(row['key']),
      spentNanoUsd: int(row['spent_nano_usd']),
      heldNanoUsd: int(row['held_nano_usd']),
    })),
    rollups: await read('SELECT * FROM rollups', (row) => ({
      offer: text(row['offer']),
      sandbox: int(row['sandbox']) === 1n,
      requests: int(row['requests']),
      attempts: int(row['attempts']),
      images: int(row['images']),
      costNanoUsd: int(row['cost_nano_usd']),
      provisionalNanoUsd: int(row['provisional_nano_usd']),
    })),
    taggedCostNanoUsd: int(tagged[0]?.['cost']),
    outputs: await read(
      `SELECT request_id, attempt_id, sha256 FROM assets WHERE role = 'output' AND deleted_us IS NULL`,
      (row) => ({ requestId: text(row['request_id']), attemptId: text(row['attempt_id']), sha256: text(row['sha256']) }),
    ),
  }
}
