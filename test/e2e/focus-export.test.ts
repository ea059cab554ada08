/** Exports of a real gateway: three forms with the same values, the days that changed, the check of a file. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readDecimal, unitsAt } from '../../src/core/export/decimals.ts'
import { type FocusRow, focusColumns } from '../../src/core/export/focus/columns.ts'
import { createCsvReader } from '../../src/core/export/text.ts'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { parquetFile } from '../../src/server/export/parquet.ts'
import { runCli } from '../cli/run-cli.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

vi.setConfig({ testTimeout: 60_000 })

let gateway: TestGateway
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-focus-'))
  gateway = await startTestGateway()
  for (const n of [1, 2])
    await gateway.call('/v1/images/generations', {
      body: { model: 'auto', prompt: 'a red fox', n, size: '256x256', user: '=1+1' },
    })
})
afterAll(async () => {
  await gateway.close()
  await rm(folder, { recursive: true, force: true })
})

const today = new Date().toISOString().slice(0, 10)
const tomorrow = new Date(Date.parse(today) + 86_400_000).toISOString().slice(0, 10)
const span = `from=${today}&to=${tomorrow}&sandbox=true`
const path = '/v1/halftone/exports/focus'
const fetchBytes = async (query: string): Promise<ArrayBuffer> => {
  const answer = await fetch(`${gateway.url}${path}?${query}`, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
  expect(answer.status).toBe(200)
  return answer.arrayBuffer()
}
const run = (args: readonly string[]) =>
  runCli(['export', ...args], { cwd: folder, env: { HALFTONE_URL: gateway.url, HALFTONE_KEY: gateway.adminKey } })

function csvRows(text: string): readonly Record<string, string | null>[] {
  const reader = createCsvReader()
  const [header = [], ...records] = [...reader.push(text), ...reader.end()]
  return records.map((record) => Object.fromEntries(header.map((name, index) => [name, record[index] ?? null])))
}

describe('by API', () => {
  test('CSV, JSON lines and Parquet hold the same rows, exactly', async () => {
    const csv = csvRows(new TextDecoder().decode(await fetchBytes(`${span}&format=csv`)))
    const lines = new TextDecoder()
      .decode(await fetchBytes(`${span}&format=jsonl`))
      .trimEnd()
      .split('\n')
    expect(csv.length).toBeGreaterThanOrEqual(2)
    expect(lines.map((line) => JSON.parse(line))).toEqual(csv)
    const file = await fetchBytes(`${span}&format=parquet`)
    const columns = focusColumns('1.3')
    // Read as raw integers: the reader would make binary fractions of decimals.
    const metadata = parquetMetadata(file)
    for (const element of metadata.schema) if (element.converted_type === 'DECIMAL') delete element.converted_type
    const rows = await parquetReadObjects({ file, metadata, utf8: true })
    expect(rows).toHaveLength(csv.length)
    rows.forEach((row, index) => {
      for (const { name, type } of columns) {
        const [value, expected] = [row[name], csv[index]?.[name] ?? null]
        if (type === 'Decimal' && expected !== null)
          expect([name, integerOf(value)]).toEqual([name, unitsAt(readDecimal(expected)!, 18)])
        else if (type === 'DateTime' && expected !== null) expect(value).toEqual(new Date(expected))
        else expect([name, value ?? null]).toEqual([name, expected])
      }
    })
  })

  test('the sum of a file is the ledger, and no text of it is a formula', async () => {
    const csv = csvRows(new TextDecoder().decode(await fetchBytes(span)))
    const costs = (await gateway.requests()).map(({ cost_usd }) => parseUsd(cost_usd))
    const sum = csv.reduce((total, row) => total + parseUsd(row['BilledCost'] ?? ''), 0n)
    expect(formatUsd(sum)).toBe(formatUsd(costs.reduce((total, cost) => total + cost, 0n)))
    const text = new Set<string>(
      focusColumns('1.3').flatMap(({ name, type }) => (type === 'String' || type === 'Json' ? [name] : [])),
    )
    for (const row of csv)
      for (const [name, value] of Object.entries(row)) if (text.has(name)) expect(value ?? '').not.toMatch(/^[=+\-@\t\r\n]/)
  })

  test('real money and sandbox money never share a file', async () => {
    const real = await fetchBytes(`from=${today}&to=${tomorrow}`)
    expect(csvRows(new TextDecoder().decode(real))).toEqual([])
  })

  test.each([
    ['from=2026-11-02&to=2026-11-01', 'to'],
    ['from=2020-01-01&to=2026-11-01', 'to'],
    ['from=2026-11-02', 'to'],
    ['from=2026-11-02&to=2026-11-03&format=xlsx', 'format'],
    ['from=2026-11-02&to=2026-11-03&version=1.9', 'version'],
  ])('%s is refused, naming %s', async (query, param) => {
    const { status, body } = await gateway.call<{ error: { param: string } }>(`${path}?${query}`)
    expect([status, body.error.param]).toEqual([400, param])
  })

  test('only who may export can', async () => {
    const { secret } = await gateway.createKey()
    expect((await gateway.call(`${path}?${span}`, { key: secret })).status).toBe(403)
    expect((await gateway.call(`${path}/days?${span}`, { key: null })).status).toBe(401)
  })
})

/** Big-endian two's complement. */
function integerOf(value: unknown): bigint {
  let bits = 0n
  for (const byte of value as Uint8Array) bits = (bits << 8n) | BigInt(byte)
  return BigInt.asIntN(128, bits)
}

test('a Parquet file of many row groups is whole', async () => {
  const blank = Object.fromEntries(
    focusColumns('1.3').map(({ name, type }) => [
      name,
      type === 'Decimal' ? '-0.000000001' : type === 'DateTime' ? '2026-11-01T00:00:00Z' : name,
    ]),
  ) as FocusRow
  async function* rows() {
    for (let index = 0; index < 12_001; index += 1) yield { ...blank, x_ChargeId: String(index) }
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of parquetFile(rows(), '1.3')) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  const read = await parquetReadObjects({ file, columns: ['x_ChargeId', 'BilledCost'] })
  expect(read).toHaveLength(12_001)
  expect(read.at(-1)).toEqual({ x_ChargeId: '12000', BilledCost: -1e-9 })
})

describe('halftone export', () => {
  test('writes a file that the check accepts, and refuses a broken one with 1', async () => {
    const written = await run(['focus', '--from', today, '--to', tomorrow, '--sandbox', '-o', 'focus.csv'])
    expect(written).toMatchObject({ code: 0, stderr: '' })
    const good = await run(['check', 'focus.csv', '--json'])
    expect([good.code, JSON.parse(good.stdout)]).toMatchObject([0, { violationCount: 0, recommendationCount: 0 }])
    const text = await readFile(join(folder, 'focus.csv'), 'utf8')
    await writeFile(join(folder, 'bad.csv'), text.replaceAll('Usage-Based', 'Sometimes'))
    const bad = await run(['check', 'bad.csv'])
    expect(bad.code).toBe(1)
    expect(bad.stdout).toContain('ChargeFrequency-C-003-M  row 1')
  })

  test('writes only the days that changed, each whole, with what it holds in the manifest', async () => {
    const args = ['focus', '--from', today, '--to', tomorrow, '--sandbox', '--dir', 'days', '--json'] as const
    const days = async () => JSON.parse((await run(args)).stdout) as { written: string[]; unchanged: number }
    expect(await days()).toMatchObject({ written: [today], unchanged: 0 })
    expect(await days()).toMatchObject({ written: [], unchanged: 1 })
    const manifest = async () => JSON.parse(await readFile(join(folder, 'days/manifest.json'), 'utf8')).days[today]
    const first = await manifest()
    const bytes = await readFile(join(folder, 'days', first.file))
    expect(first.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(csvRows(bytes.toString())).toHaveLength(first.rows)
    await gateway.call('/v1/images/generations', { body: { model: 'auto', prompt: 'late', size: '256x256' } })
    expect(await days()).toMatchObject({ written: [today] })
    expect((await manifest()).rows).toBeGreaterThan(first.rows)
    await expect(stat(join(folder, 'days', `${first.file}.part`))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test.each([
    [['focus', '--from', '2026-11-01']],
    [['focus', '--month', '2026-13']],
    [['focus', '--month', '2026-11', '-o', 'a', '--dir', 'b']],
    [['check', 'nothing.csv']],
  ])('%j ends with 2', async (args) => {
    expect((await run(args)).code).toBe(2)
  })
})
