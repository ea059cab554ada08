/** `npm run seed`: what it writes adds up, is the same each time, and looks like any other ledger to the gateway. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SeedOptions, type SeedReport, seedLedger } from '../scripts/seed/seed.ts'
import { type Halftone, startHalftone } from '../src/compose.ts'
import { explanation } from '../src/contract/records.ts'
import { parseUsd } from '../src/core/money.ts'
import type { TableName } from '../src/storage/schema.ts'
import { createTestDatabase } from './support/test-database.ts'

const options = { requests: 1_500, days: 40, seed: 7, images: 3, untilUs: Date.UTC(2026, 10, 22, 12) * 1_000 } as const
const folders: string[] = []
let report: SeedReport
let dataDir: string
let db: DatabaseSync

async function seed(more: Partial<SeedOptions> = {}): Promise<{ report: SeedReport; dataDir: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-seed-test-'))
  folders.push(folder)
  return { report: await seedLedger({ ...options, dataDir: folder, ...more }), dataDir: folder }
}

const openDatabase = (folder: string): DatabaseSync => {
  const opened = new DatabaseSync(join(folder, 'ledger.db'), { readOnly: true })
  return opened
}
const numbers = (sql: string, from = db): readonly bigint[] => {
  const statement = from.prepare(sql)
  statement.setReadBigInts(true)
  return statement.all().flatMap((row) => Object.values(row) as bigint[])
}

beforeAll(async () => {
  ;({ report, dataDir } = await seed())
  db = openDatabase(dataDir)
}, 120_000)
afterAll(async () => {
  db.close()
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })))
})

describe('what is written', () => {
  test('every request asked for is in the ledger or was refused by a hard budget', () => {
    expect(report.requests + report.refusedByBudget).toBe(options.requests)
    expect(numbers('SELECT count(*) FROM requests')).toEqual([BigInt(report.requests)])
    expect(numbers('SELECT count(*) FROM attempts')).toEqual([BigInt(report.attempts)])
    expect(report.attempts).toBeGreaterThan(report.requests)
  })

  test('nothing is sandbox money, and everything is marked as seeded', () => {
    expect(numbers('SELECT count(*) FROM requests WHERE sandbox = 1')).toEqual([0n])
    expect(numbers(`SELECT count(*) FROM requests WHERE json_extract(tags, '$.seeded') <> 'yes' OR node_id <> 'seed'`)).toEqual([
      0n,
    ])
  })

  test('every request is over, and nothing is held', () => {
    expect(numbers('SELECT count(*) FROM requests WHERE finished_us IS NULL')).toEqual([0n])
    expect(numbers('SELECT coalesce(sum(held_nano_usd), 0) FROM budget_periods')).toEqual([0n])
  })

  test.each([
    ['outcomes of requests', 'SELECT DISTINCT outcome FROM requests', ['succeeded', 'partial', 'refused']],
    ['kinds of attempts', 'SELECT DISTINCT kind FROM attempts', ['primary', 'retry', 'fallback']],
    ['states of attempts', 'SELECT DISTINCT state FROM attempts', ['settled', 'voided', 'reconciled']],
    ['kinds of charges', 'SELECT DISTINCT kind FROM charges', ['usage', 'provisional', 'reversal', 'breakage']],
    ['operations', 'SELECT DISTINCT operation FROM requests', ['generate', 'edit', 'upscale', 'remove_background']],
    ['routes', 'SELECT DISTINCT route FROM requests', ['auto', 'thumbnails', 'marketing', 'realtime-edit', 'direct']],
    ['words about pictures', 'SELECT DISTINCT verdict FROM feedback', ['accept', 'reject']],
    ['tags with sums of their own', 'SELECT DISTINCT tag_key FROM rollup_tags', ['campaign', 'sku']],
  ])('it has all %s', (_name, sql, expected) => {
    const found = db
      .prepare(sql)
      .all()
      .flatMap((row) => Object.values(row))
    expect(found).toEqual(expect.arrayContaining(expected))
  })
})

describe('sums', () => {
  const charged = "SELECT sum(amount_nano_usd) FROM charges WHERE kind <> 'breakage'"

  test('rollups are the charges of attempts', () => {
    expect(numbers('SELECT sum(cost_nano_usd) FROM rollups')).toEqual(numbers(charged))
  })

  test('rollups count every request, attempt and picture once', () => {
    expect(numbers('SELECT sum(requests), sum(attempts), sum(images) FROM rollups')).toEqual([
      ...numbers('SELECT count(*) FROM requests'),
      ...numbers('SELECT count(*), sum(images_made) FROM attempts'),
    ])
  })

  test('the budget of everything has spent every charge of an attempt', () => {
    expect(numbers("SELECT sum(spent_nano_usd) FROM budget_periods WHERE budget_id = 'all-month'")).toEqual(numbers(charged))
  })

  test('a project has spent in its budget what its requests cost', () => {
    expect(numbers("SELECT sum(spent_nano_usd) FROM budget_periods WHERE budget_id = 'shop-month'")).toEqual(
      numbers("SELECT sum(amount_nano_usd) FROM charges WHERE project_id = 'shop' AND kind <> 'breakage'"),
    )
  })

  test('draws and breakage of a closed lot add up to what was paid for it', () => {
    const sums = db.prepare(
      `SELECT l.id, l.paid_nano_usd AS paid, coalesce((SELECT sum(d.effective_nano_usd) FROM credit_draws d WHERE d.lot_id = l.id), 0) AS drawn
       FROM credit_lots l WHERE l.closed_us IS NOT NULL`,
    )
    sums.setReadBigInts(true)
    const lots = sums.all() as { paid: bigint; drawn: bigint }[]
    expect(lots.length).toBeGreaterThan(0)
    const left = lots.reduce((sum, { paid, drawn }) => sum + paid - drawn, 0n)
    expect(left).toBeGreaterThan(0n)
    expect(numbers("SELECT sum(amount_nano_usd) FROM charges WHERE kind = 'breakage'")).toEqual([left])
  })
})

const summed: readonly TableName[] = [
  'rollups',
  'rollup_tags',
  'rollup_latency',
  'insight_days',
  'insight_histograms',
  'insight_names',
  'budget_periods',
  'volumes',
]

function rowsOf(table: TableName): readonly object[] {
  const statement = db.prepare(`SELECT * FROM ${table}`)
  statement.setReadBigInts(true)
  return statement.all()
}

const asText = (rows: readonly object[]): readonly string[] =>
  rows
    .map((row) =>
      Object.entries(row)
        .map(([column, value]) => `${column}=${value}`)
        .sort()
        .join(' '),
    )
    .sort()

describe('seeding again', () => {
  const SUMS =
    'SELECT count(*), sum(requests), sum(attempts), sum(images), sum(cost_nano_usd), sum(duration_us), sum(accepted) FROM rollups'

  test('the same numbers give the same ledger, another seed another one', async () => {
    const same = openDatabase((await seed({ images: 0 })).dataDir)
    const other = openDatabase((await seed({ images: 0, seed: 8 })).dataDir)
    const ids = 'SELECT id FROM requests ORDER BY id'
    expect(numbers(SUMS, same)).toEqual(numbers(SUMS))
    expect(same.prepare(ids).all()).toEqual(db.prepare(ids).all())
    expect(numbers(SUMS, other)).not.toEqual(numbers(SUMS))
    same.close()
    other.close()
  }, 120_000)

  test('a ledger that holds requests is refused and left as it is', async () => {
    const before = await readFile(join(dataDir, 'halftone.yaml'), 'utf8')
    await expect(seed({ dataDir, days: 3 })).rejects.toMatchObject({ code: 'conflict' })
    expect(await readFile(join(dataDir, 'halftone.yaml'), 'utf8')).toBe(before)
    expect(numbers('SELECT count(*) FROM requests')).toEqual([BigInt(report.requests)])
  })

  // An embedded ledger is filled in few, large commits; PostgreSQL by the ledger that the gateway uses.
  test('PostgreSQL holds the same, and the same sums to the last row', async () => {
    const database = await createTestDatabase()
    try {
      const there = await seed({ images: 0, databaseUrl: database.url })
      expect(there.report).toMatchObject({ requests: report.requests, attempts: report.attempts, ratings: report.ratings })
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        for (const table of summed) {
          const { rows } = await client.query(`SELECT * FROM ${table}`)
          expect(asText(rows), table).toEqual(asText(rowsOf(table)))
          expect(rows.length, table).toBeGreaterThan(0)
        }
      } finally {
        await client.end()
      }
    } finally {
      await database.drop()
    }
  }, 120_000)
})

describe('a gateway on the seeded folder', () => {
  let halftone: Halftone
  beforeAll(async () => {
    const flags = { config: join(dataDir, 'halftone.yaml'), port: '0' }
    halftone = await startHalftone({ env: { HALFTONE_ADMIN_KEY: 'test-admin-key-0123456789' }, flags, cwd: dataDir })
  }, 60_000)
  afterAll(() => halftone.close())

  async function get<Body>(path: string): Promise<Body> {
    const answer = await fetch(`${halftone.url}/v1/halftone${path}`, {
      headers: { authorization: 'Bearer test-admin-key-0123456789' },
    })
    expect(answer.status, path).toBe(200)
    return answer.json() as Promise<Body>
  }

  test('lists requests with pictures, and explains and itemises each of them', async () => {
    type Listed = { id: string; cost_usd: string; images: unknown[]; images_returned: number; n: number }
    const { data } = await get<{ data: Listed[] }>('/requests?limit=30')
    expect(data.flatMap(({ images }) => images)).toHaveLength(options.images)
    const newest = data.find(({ images_returned }) => images_returned > 0 && images_returned <= options.images)
    expect(newest?.images, 'the newest that fits').toHaveLength(newest?.images_returned ?? 0)
    for (const { id, cost_usd } of data) {
      const receipt = await get<{ total_usd: string }>(`/requests/${id}/receipt`)
      expect(parseUsd(receipt.total_usd)).toBe(parseUsd(cost_usd))
      expect(explanation.parse(await get(`/requests/${id}/explain`)).candidates.length).toBeGreaterThan(0)
    }
  })

  test('shows real spend and the budgets', async () => {
    const overview = await get<{ sandbox: boolean; month_usd: string; budgets: { id: string }[] }>('/overview')
    expect(overview.sandbox).toBe(false)
    expect(overview.budgets.map(({ id }) => id)).toEqual(['all-month', 'app-month', 'labs-day', 'shop-month'])
  })
})
