/** Every golden case, priced by the code and compared to the nano-dollar with what compute.mjs worked out on its own. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { quoteCandidate, quoteTotals, settleCharges } from '../../src/core/pricing/index.ts'
import { type GoldenCase, goldenPrices, pricingInputOf, settleInputOf } from './golden.ts'

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const cases: readonly GoldenCase[] = JSON.parse(read('cases.json'))
const prices = await goldenPrices()

describe('golden cases', () => {
  test('are what their script computes, which shares no code with the product', () => {
    const script = fileURLToPath(new URL('compute.mjs', import.meta.url))
    const computed = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 }))
    expect(computed).toEqual({ cases, truePrices: JSON.parse(read('true-prices.json')) })
    const scripts = [
      'compute',
      'exact',
      ...['commitments', 'forms', 'measured', 'outcomes', 'per-image', 'tokens'].map((name) => `cases/${name}`),
    ]
    for (const name of scripts) expect(read(`${name}.mjs`)).not.toMatch(/from '[^']*(src|dist)\/|import\(/)
  })

  test('are at least 150, each under its own name and with its source', () => {
    expect(cases.length).toBeGreaterThanOrEqual(150)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    expect(cases.filter(({ source }) => !source)).toEqual([])
  })

  test.each(cases.filter(({ settle }) => !settle))('quote: $name', (golden) => {
    const input = pricingInputOf(golden)
    const quote = quoteCandidate(prices, input)
    expect(quote.kind === 'priced' ? quote.expectedNanoUsd.toString() : quote.reason).toBe(golden.nanoUsd)
    const totals = quoteTotals(prices, input)
    expect(totals.kind === 'priced' && totals.expectedNanoUsd.toString()).toBe(golden.nanoUsd)
    const { marginalNanoUsd = golden.nanoUsd } = golden
    expect(totals.kind === 'priced' && (totals.marginalNanoUsd ?? totals.expectedNanoUsd).toString()).toBe(marginalNanoUsd)
  })

  test.each(cases.filter(({ settle }) => settle))('settle: $name', (golden) => {
    const settlement = settleCharges(prices, settleInputOf(golden))
    const { kind = 'charged', nanoUsd } = golden
    const total = settlement.kind === 'charged' ? settlement.totalNanoUsd.toString() : undefined
    expect({ kind: settlement.kind, total }).toEqual({ kind, total: nanoUsd })
    const lines = settlement.kind === 'charged' ? settlement.lines.reduce((sum, line) => sum + line.amountNanoUsd, 0n) : 0n
    expect(lines.toString()).toBe(nanoUsd ?? '0')
  })

  test('settling a quoted success without usage costs what was quoted, where nothing is estimated', () => {
    const counted = cases.filter(({ settle, perToken }) => !settle && !perToken)
    expect(counted.length).toBeGreaterThan(100)
    for (const golden of counted) {
      const settlement = settleCharges(prices, settleInputOf({ ...golden, settle: { outcome: 'succeeded', billed: 'yes' } }))
      expect(settlement.kind === 'charged' ? settlement.totalNanoUsd.toString() : settlement.kind, golden.name).toBe(
        golden.nanoUsd,
      )
    }
  })
})
