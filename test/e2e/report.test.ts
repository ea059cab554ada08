/** Reports over a real gateway: equal to the receipts, and in every form. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/contract/report.ts'
import { parseUsd } from '../../src/core/money.ts'
import { runCli } from '../cli/run-cli.ts'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const HOSTILE = '<img src=x onerror=alert(1)>'
let gateway: TestGateway
let double: ProviderDouble
let folder: string
let spent = 0n

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-report-'))
  double = await startProviderDouble()
  gateway = await startTestGateway({
    config: {
      declaredTags: ['campaign'],
      providers: { double: { ...compatibleProvider(double), prices: { '*': { perImage: '0.04' } } } },
    },
  })
  const ask = async (prompt: string, n: number) => {
    const { body } = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
      body: { model: 'acme/painter', prompt, n, halftone: { tags: { campaign: HOSTILE } } },
    })
    spent += parseUsd((await gateway.receipt(body.halftone.request_id)).total_usd)
  }
  for (const [prompt, n] of [
    ['a fox', 1],
    ['a fox', 1],
    ['a bear', 3],
  ] as const)
    await ask(prompt, n)
})

afterAll(async () => {
  await gateway?.close()
  await double?.close()
  rmSync(folder, { recursive: true, force: true })
})

const ask = async (query = ''): Promise<Report> => (await gateway.call<Report>(`/v1/halftone/report${query}`)).body

describe('the report', () => {
  it('has the money of the receipts, in its sums, its charges and each of its tables', async () => {
    const report = await ask('?group=model;project,route;tag:campaign')
    const sum = (amounts: readonly { cost_usd: string }[]) => amounts.reduce((total, each) => total + parseUsd(each.cost_usd), 0n)
    expect(spent).toBe(200_000_000n)
    expect(parseUsd(report.totals.cost_usd)).toBe(spent)
    expect(parseUsd(report.evidence.charges_usd)).toBe(spent)
    expect(sum(report.days)).toBe(spent)
    expect(sum(report.evidence.by_provenance)).toBe(spent)
    expect(report.groups.map(({ rows }) => sum(rows))).toEqual([spent, spent, spent])
  })

  it('finds what was paid twice', async () => {
    const { changes } = await ask()
    expect(changes.find(({ kind }) => kind === 'repeats')).toMatchObject({ calls: 1, saved_usd: '0.04' })
  })

  it('prices the same calls again, all of them', async () => {
    const { basis, parameters } = await ask()
    expect(basis).toMatchObject({ calls: 3, priced_again: 3, charged_usd: '0.20', quoted_usd: '0.20' })
    expect(parameters.find(({ parameter }) => parameter === 'n')).toMatchObject({ value: '3', next: '2', saved_usd: '0.04' })
  })

  it.each([
    ['?month=2026-10&from=2026-10-01', 'month'],
    ['?month=2999-01', 'month'],
    ['?group=nonsense', 'group'],
    ['?from=2026-10-05&to=2026-10-01', 'to'],
  ])('%s is refused with the parameter', async (query, param) => {
    const { status, body } = await gateway.call<{ error: { param: string } }>(`/v1/halftone/report${query}`)
    expect([status, body.error.param]).toEqual([400, param])
  })

  it('is for those who may see all money', async () => {
    for (const [role, status] of [
      ['finance', 200],
      ['project_owner', 403],
    ] as const) {
      const { secret } = await gateway.createKey({ name: role, role })
      expect((await gateway.call('/v1/halftone/report', { key: secret })).status).toBe(status)
    }
  })
})

describe('halftone report', () => {
  const report = (...args: string[]) =>
    runCli(['report', ...args], { cwd: folder, env: { HALFTONE_URL: gateway.url, HALFTONE_KEY: gateway.adminKey } })

  it('prints tables that fit eighty columns', async () => {
    const { code, stdout } = await report('--group', 'tag:campaign')
    expect(code).toBe(0)
    expect(stdout).toContain('$0.20')
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('writes one HTML file in which a tag is text', async () => {
    expect((await report('--html', '--group', 'tag:campaign', '-o', 'report.html')).code).toBe(0)
    const html = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;')
    expect(html).not.toContain(HOSTILE)
  })

  it('has the JSON of the API', async () => {
    const { stdout } = await report('--json')
    const { generated_at: _then, ...answer } = JSON.parse(stdout) as Report
    const { generated_at: _now, ...asked } = await ask()
    expect(answer).toEqual(asked)
  })

  it('takes one form at a time', async () => expect((await report('--html', '--format', 'markdown')).code).toBe(2))
})
