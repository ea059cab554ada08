/** The packaged books pass the lint, and slips planted into them do not. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { describeReport, readLintInput } from '../../scripts/prices-check.ts'
import { type LintInput, lintPrices } from '../../src/core/pricing/lint.ts'
import type { PriceBook, Rate, Sku } from '../../src/core/pricing/price-book.ts'

const script = fileURLToPath(new URL('../../scripts/prices-check.ts', import.meta.url))
const input = readLintInput(new URL('../../prices/', import.meta.url), '2026-11-22')
const good = lintPrices(input)
const errors = (changed: LintInput) => lintPrices(changed).findings.filter(({ severity }) => severity === 'error')

/** `text` times `10 ** power`, as a plain decimal. */
function shifted(text: string, power: number): string {
  const [whole = '', decimals = ''] = text.split('.')
  const digits = `${'0'.repeat(6)}${whole}${decimals}${'0'.repeat(6)}`
  const point = 6 + whole.length + power
  return `${digits.slice(0, point).replace(/^0+(?=\d)/, '')}.${digits.slice(point)}`
}

/** The books that sell the same weights, with the rates of one sku multiplied. */
function slipped(book: PriceBook, { id, weights }: Sku, power: number): LintInput {
  const change = (rate: Rate): Rate => ({
    ...rate,
    price: shifted(rate.price, power),
    ...(rate.tiers && { tiers: shiftTiers(rate.tiers, power) }),
  })
  const files = input.files.flatMap((file) => {
    // The unslipped files passed the lint.
    const each = file.json as PriceBook
    const skus = each.skus
      .filter((sku) => sku.weights === weights)
      .map((sku) => (each === book && sku.id === id ? { ...sku, rates: sku.rates.map(change) } : sku))
    return skus.length > 0 ? [{ ...file, json: { ...each, skus } }] : []
  })
  return { ...input, offers: [], atLeast: { rates: 0, providers: 0, groups: 0 }, files }
}

const shiftTiers = (tiers: NonNullable<Rate['tiers']>, power: number): NonNullable<Rate['tiers']> => ({
  ...tiers,
  steps: tiers.steps.map(({ from, price }) => ({ from, price: shifted(price, power) })),
})

describe('the packaged price books', () => {
  test('have no error', () => {
    expect(good.findings.filter(({ severity }) => severity === 'error')).toEqual([])
  })

  test('hold what was promised, and the lint looked at it', () => {
    expect(good.rates).toBeGreaterThanOrEqual(400)
    expect(good.providers).toBeGreaterThanOrEqual(28)
    expect(good.groupsCompared).toBeGreaterThan(30)
    expect(good.offersChecked).toBeGreaterThan(10)
    expect(good.candidatesChecked).toBeGreaterThan(good.candidatesUnpriced)
    expect(Object.values(good.byConfidence).reduce((sum, count) => sum + count, 0)).toBe(good.rates)
    expect(describeReport(good)).toMatch(/official \d+ \(\d+ %\), secondary \d+/)
  })

  test('fail when a price of weights sold elsewhere slips a hundredfold; most tenfold slips fail too', {
    timeout: 120_000,
  }, () => {
    const books = input.files.map(({ json }) => json as PriceBook)
    const soldAt = new Map<string, Set<string>>()
    const current = books.flatMap((book) =>
      book.skus.filter(({ retiredAt }) => retiredAt === undefined).map((sku) => ({ book, sku })),
    )
    for (const { book, sku } of current) {
      if (sku.weights) soldAt.set(sku.weights, (soldAt.get(sku.weights) ?? new Set()).add(book.provider))
    }
    const shared = current.filter(({ sku }) => (soldAt.get(sku.weights ?? '')?.size ?? 0) > 1)
    const sample = shared.filter((_, index) => index % 3 === 0)
    const caught = (power: number) => sample.filter(({ book, sku }) => errors(slipped(book, sku, power)).length > 0).length
    const [tenfold, hundredfold] = [caught(1) + caught(-1), caught(2) + caught(-2)]
    console.log(
      `${sample.length} prices slipped: ${hundredfold} of ${2 * sample.length} hundredfold and ${tenfold} of ${2 * sample.length} tenfold slips found`,
    )
    expect(sample.length).toBeGreaterThan(50)
    expect(hundredfold / (2 * sample.length)).toBeGreaterThan(0.9)
    expect(tenfold / (2 * sample.length)).toBeGreaterThan(0.8)
  })

  test('npm run prices:check ends with 1 and names the place of a planted error', { timeout: 120_000 }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'prices-'))
    try {
      cpSync(fileURLToPath(new URL('../../prices/', import.meta.url)), folder, { recursive: true })
      const check = () => spawnSync(process.execPath, [script, folder], { encoding: 'utf8' })
      const before = check()
      expect({ status: before.status, out: before.stdout.split('\n').at(-2) }).toEqual({
        status: 0,
        out: expect.stringMatching(/^0 errors/),
      })
      const file = join(folder, 'sandbox.json')
      writeFileSync(file, readFileSync(file, 'utf8').replace('"price": "0.12"', '"price": "12"'))
      const after = check()
      expect(after.status).toBe(1)
      expect(after.stdout).toContain('error [unit] sandbox.json sandbox/flat/high: 12 per 1 makes $12 for one of images.out')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
