/** One sum of money, told five ways: charges, dashboard, report, and the export in each form; on both databases. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { seedLedger } from '../../scripts/seed/seed.ts'
import type { ExploreResponse, InsightOverview } from '../../src/contract/insight.ts'
import type { ClosedMonthWire } from '../../src/contract/months.ts'
import type { UnknownAttemptWire } from '../../src/contract/reconcile.ts'
import type { Report } from '../../src/contract/report.ts'
import { focusVersions } from '../../src/core/export/focus/columns.ts'
import { createCsvReader } from '../../src/core/export/text.ts'
import { insightDimensions } from '../../src/core/insight/terms.ts'
import { parseUsd } from '../../src/core/money.ts'
import { openPostgresLedger } from '../../src/storage/index.ts'
import { ADMIN_KEY, startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { PostgresDatabase } from '../support/postgres.ts'
import { createTestDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const DAY_MS = 86_400_000
const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

describe.each(['SQLite', 'PostgreSQL'])('on %s', (kind) => {
  const now = Date.now()
  const from = isoDay(now - 100 * DAY_MS)
  const to = isoDay(now)
  const closedMonth = isoDay(now - 32 * DAY_MS).slice(0, 7)
  let folder: string
  let database: PostgresDatabase | undefined
  let gateway: TestGateway
  /** Sum of the charges themselves. */
  let charges: bigint
  let closedReport: Report

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halftone-sums-'))
    database = kind === 'PostgreSQL' ? await createTestDatabase() : undefined
    const { configFile } = await seedLedger({
      requests: 1_500,
      days: 90,
      seed: 7,
      images: 0,
      untilUs: now * 1_000,
      dataDir: folder,
      ...(database && { databaseUrl: database.url }),
    })
    const env = { HALFTONE_DATA_DIR: folder, ...(database && { DATABASE_URL: database.url }) }
    gateway = await startTestGateway({ config: await readFile(configFile, 'utf8'), env })
    await closeAndCorrect()
    charges = await sumOfCharges()
  })
  afterAll(async () => {
    await gateway?.close()
    await database?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const ask = async <Body>(path: string, body?: unknown): Promise<Body> => {
    const answer = await gateway.call<Body>(path, body === undefined ? {} : { method: 'POST', body })
    expect([answer.status, answer.body]).toEqual([200, expect.anything()])
    return answer.body
  }

  /** The seeded ledger has corrected prices, evidence and breakage; now a month is closed, and corrected after that. */
  async function closeAndCorrect(): Promise<void> {
    const line = (day: string, amount: string) => ({
      evidence_id: `line-${day}`,
      at: `${day}T12:00:00Z`,
      provider: 'acme',
      model: 'acme/painter',
      images: 3,
      amount_usd: amount,
      provenance: 'invoiced',
    })
    const imports = '/v1/halftone/imports'
    await ask(imports, { source: 'bill', rows: [line(`${closedMonth}-03`, '0.123456789')] })
    await ask<ClosedMonthWire>(`/v1/halftone/months/${closedMonth}/close`, { force: true })
    closedReport = await ask<Report>(`/v1/halftone/report?month=${closedMonth}`)
    await ask(imports, {
      source: 'bill',
      rows: [line(`${closedMonth}-03`, '0.100000001'), line(`${closedMonth}-04`, '1.000000007')],
    })
    const { data } = await ask<{ data: UnknownAttemptWire[] }>('/v1/halftone/attempts/unknown?limit=1000')
    for (const [index, { id }] of data.slice(0, 6).entries()) {
      const evidence = { evidence_id: `e-${index}`, source: 'a bill', amount_usd: index % 2 === 0 ? '0' : '0.040000003' }
      await ask(`/v1/halftone/attempts/${id}/reconcile`, evidence)
    }
    await ask('/v1/halftone/prices/rerate', { since: from, dry_run: false })
  }

  /** Past every sum that anything keeps: from the charges, one by one. */
  async function sumOfCharges(): Promise<bigint> {
    const options = { now: () => now * 1_000 }
    if (!database) {
      const { DatabaseSync } = await import('node:sqlite')
      using db = new DatabaseSync(join(folder, 'ledger.db'), { readOnly: true })
      const statement = db.prepare('SELECT amount_nano_usd AS amount FROM charges WHERE sandbox = 0')
      statement.setReadBigInts(true)
      return statement.all().reduce((sum, row) => sum + BigInt(String(row['amount'])), 0n)
    }
    const ledger = await openPostgresLedger({ ...options, url: database.url })
    let sum = 0n
    for await (const page of ledger.months.holds({ fromUs: 0, untilUs: (now + DAY_MS) * 1_000 }))
      for (const { amountNanoUsd, sandbox } of page) sum += sandbox ? 0n : amountNanoUsd
    await ledger.close()
    return sum
  }

  const total = (rows: readonly { readonly cost_usd: string }[]): bigint =>
    rows.reduce((sum, { cost_usd }) => sum + parseUsd(cost_usd), 0n)

  it('has every kind of correction, some of a closed month', async () => {
    const report = await ask<Report>(`/v1/halftone/report?from=${from}&to=${to}`)
    expect(report.corrections.map(({ month }) => month)).toContain(closedMonth)
    expect(charges).toBeGreaterThan(10_000_000_000n)
  })

  it('the overview is the charges', async () => {
    const overview = await ask<InsightOverview>(`/v1/halftone/insight/overview?from=${from}&to=${to}`)
    expect(parseUsd(overview.spend.period_usd)).toBe(charges)
    expect(overview.series.points.reduce((sum, point) => sum + parseUsd(point.total_usd), 0n)).toBe(charges)
  })

  const dimensions = [...insightDimensions, 'tag:campaign', 'tag:nobody-declared'].map((each) => [each])
  it.each([...dimensions, ['model', 'project'], ['quality', 'end_customer'], ['key', 'tag:sku']])(
    'Explore by %s %s is the charges, however few groups are listed',
    async (...group_by) => {
      for (const limit of [2, 1_000]) {
        const { rows, total: sum } = await ask<ExploreResponse>('/v1/halftone/insight/explore', {
          from,
          to,
          group_by: group_by.filter((each) => typeof each === 'string'),
          limit,
        })
        expect([parseUsd(sum.cost_usd), total(rows)]).toEqual([charges, charges])
      }
    },
  )

  it('the report is the charges, in each of its tables', async () => {
    const report = await ask<Report>(
      `/v1/halftone/report?from=${from}&to=${to}&group=model;project,route;tag:campaign;end_customer`,
    )
    expect(parseUsd(report.totals.cost_usd)).toBe(charges)
    expect(parseUsd(report.evidence.charges_usd)).toBe(charges)
    expect([report.days, report.evidence.by_provenance, ...report.groups.map(({ rows }) => rows)].map(total)).toEqual(
      Array.from({ length: 6 }, () => charges),
    )
  })

  it.each(focusVersions)('FOCUS %s is the charges as CSV, JSON lines and Parquet', async (version) => {
    const fetched = async (format: string): Promise<ArrayBuffer> => {
      const end = isoDay(now + DAY_MS)
      const url = `${gateway.url}/v1/halftone/exports/focus?from=${from}&to=${end}&version=${version}&format=${format}`
      const answer = await fetch(url, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
      expect(answer.status).toBe(200)
      return answer.arrayBuffer()
    }
    const text = async (format: string) => new TextDecoder().decode(await fetched(format))
    const reader = createCsvReader()
    const [header = [], ...records] = [...reader.push(await text('csv')), ...reader.end()]
    const column = header.indexOf('x_LedgerCost')
    expect(records.reduce((sum, record) => sum + parseUsd(record[column] ?? '0'), 0n)).toBe(charges)
    const lines = (await text('jsonl')).trimEnd().split('\n')
    const costs = lines.map((line) => String((JSON.parse(line) as { x_LedgerCost: string }).x_LedgerCost))
    expect(costs.reduce((sum, cost) => sum + parseUsd(cost), 0n)).toBe(charges)
    const file = await fetched('parquet')
    // Read as raw integers: the reader would make binary fractions of decimals.
    const metadata = parquetMetadata(file)
    for (const element of metadata.schema) if (element.converted_type === 'DECIMAL') delete element.converted_type
    const rows = await parquetReadObjects({ file, metadata, utf8: true, columns: ['x_LedgerCost'] })
    const scaled = rows.reduce((sum, row) => sum + integerOf(row['x_LedgerCost']), 0n)
    expect(scaled).toBe(charges * 1_000_000_000n)
  })

  it('the closed month is what it was, in the report and by its hash', async () => {
    const {
      generated_at: _now,
      budgets: _budgets,
      acceptance: _later,
      ...again
    } = await ask<Report>(`/v1/halftone/report?month=${closedMonth}`)
    const { generated_at: _then, budgets: _then2, acceptance: _then3, ...was } = closedReport
    const money = ({ totals, days, groups, change, evidence, closed }: typeof was) => ({
      cost: totals.cost_usd,
      days: days.map(({ day, cost_usd }) => [day, cost_usd]),
      groups: groups.map(({ rows }) => rows.map(({ key, cost_usd }) => [key, cost_usd])),
      change: change.difference_usd,
      evidence: [evidence.charges, evidence.charges_usd, evidence.by_provenance],
      closed,
    })
    expect(money(again)).toEqual(money(was))
    expect(was.closed?.month).toBe(closedMonth)
    expect(await ask<{ unchanged: boolean }>(`/v1/halftone/months/${closedMonth}`)).toMatchObject({ unchanged: true })
  })
})

/** Two's complement, highest byte first. */
function integerOf(value: unknown): bigint {
  let bits = 0n
  for (const byte of value as Uint8Array) bits = (bits << 8n) | BigInt(byte)
  return BigInt.asIntN(128, bits)
}
