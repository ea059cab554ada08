/**
 * Checks of the price book that reading and compiling it cannot make: is every rate sourced and fresh, every offer priced,
 * every amount in its unit, and the same weights priced alike everywhere. Data in, findings out.
 */
import { HalftoneError } from '../error.ts'
import type { Offer } from '../offer.ts'
import { compilePriceBooks } from './compile.ts'
import { checkCoverage } from './lint-coverage.ts'
import { compareWeights } from './lint-outliers.ts'
import { checkSources } from './lint-sources.ts'
import { checkUnits } from './lint-units.ts'
import { loadFx, loadPriceBook } from './parse.ts'
import type { FxRate, PriceBook, Source } from './price-book.ts'

export const lintRules = {
  schema: 'the file has the shape of a price book',
  file: 'a file is named after its provider, and no provider has two',
  consistency: 'no overlap, no gap in dates, no two rates that are equally specific',
  hole: 'two ranges of one condition leave no sliver between them',
  conversion: 'the currency of a book converts to USD today',
  source: 'each source names a web page and a day that has been',
  official: 'official prices come from a host of the provider itself',
  stale: 'a source was read within the last 45 days',
  unit: 'an amount is of the size its unit has',
  free: 'a price of nothing is said by a source of its own',
  cached: 'what comes from a cache costs less than what does not, within reason',
  coverage: 'every setting an offer declares is priced or declared unpriced',
  weights: 'one model has one weights id',
  outlier: 'the same weights cost about the same everywhere',
  blind: 'where weights are sold twice, at least one pair was compared',
  count: 'the book is as large as promised',
} as const satisfies Record<string, string>
export type LintRule = keyof typeof lintRules

export interface Finding {
  readonly rule: LintRule
  /** Errors fail the check; warnings are printed. */
  readonly severity: 'error' | 'warning'
  /** File, sku and rate as far as they are known. */
  readonly place: string
  readonly message: string
}

export interface PriceFile {
  /** `openai.json`. */
  readonly name: string
  readonly json: unknown
}

export interface LintInput {
  readonly files: readonly PriceFile[]
  /** Parsed `fx.json`. */
  readonly fx: unknown
  /** What the codecs sell; each must be priced in the book of its type. */
  readonly offers: readonly Offer[]
  /** Hosts (and folders of shared hosts, such as `github.com/acme`) that belong to a provider, by book. */
  readonly ownHosts: Readonly<Record<string, readonly string[]>>
  /** The day of the check, ISO. */
  readonly today: string
  /** Differences that were looked into and are real, by weights: how many times apart is still no slip. */
  readonly knownSpreads?: Readonly<Record<string, { readonly upTo: number; readonly reason: string }>>
  /** Books of invented prices: checked, but not counted. */
  readonly uncounted?: readonly string[]
  /** Fewer is a finding: a lint that has nothing to look at passes. `groups`: weights compared between providers. */
  readonly atLeast?: { readonly rates: number; readonly providers: number; readonly groups: number }
}

export interface LintReport {
  readonly findings: readonly Finding[]
  /** Rates with a date and a source, of books that are counted. */
  readonly rates: number
  readonly providers: number
  readonly byConfidence: Readonly<Record<Source['kind'], number>>
  /** Weights sold at two or more providers whose prices were held against each other. */
  readonly groupsCompared: number
  readonly offersChecked: number
  readonly candidatesChecked: number
  /** Candidates that the book declares unpriced. */
  readonly candidatesUnpriced: number
}

/** A book that could be read, with the name of its file. */
export interface NamedBook {
  readonly name: string
  readonly book: PriceBook
}

/** Every finding about the files. Never throws for what a file holds. */
export function lintPrices(input: LintInput): LintReport {
  const findings: Finding[] = []
  const fx = readFx(input.fx, findings)
  const read = readBooks(input.files, findings)
  const books = read.filter((each) => compiles(each, findings))
  for (const { name, book } of books) {
    checkConversion(name, book, fx, input.today, findings)
    checkSources({ name, book }, input, findings)
    checkUnits({ name, book }, findings)
  }
  const prices = compilePriceBooks({ books: books.map(({ name, book }) => ({ book, hash: name })), fx })
  // A file that cannot be read has its finding already; its offers are not a second one.
  const unread = new Set(input.files.map(({ name }) => name).filter((name) => !books.some((book) => book.name === name)))
  const offers = input.offers.filter(({ providerType }) => !unread.has(`${providerType}.json`))
  const coverage = checkCoverage(prices, books, { ...input, offers }, findings)
  const groupsCompared = compareWeights(prices, books, input, findings)
  const counts = { ...count(books, input), groupsCompared }
  checkCounts(counts, input, findings)
  return { findings, ...coverage, ...counts }
}

function readFx(json: unknown, findings: Finding[]): readonly FxRate[] {
  try {
    const fx = loadFx(json, 'fx.json')
    compilePriceBooks({ books: [], fx })
    return fx
  } catch (error) {
    report(error, 'schema', 'fx.json', findings)
    return []
  }
}

function readBooks(files: readonly PriceFile[], findings: Finding[]): NamedBook[] {
  const seen = new Set<string>()
  return files.flatMap(({ name, json }) => {
    try {
      const book = loadPriceBook(json, name)
      if (name !== `${book.provider}.json`) {
        findings.push({ rule: 'file', severity: 'error', place: name, message: `holds the book of ${book.provider}; rename it.` })
      }
      if (seen.has(book.provider)) {
        findings.push({
          rule: 'file',
          severity: 'error',
          place: name,
          message: `is a second book of ${book.provider}; merge them.`,
        })
        return []
      }
      seen.add(book.provider)
      return [{ name, book }]
    } catch (error) {
      report(error, 'schema', name, findings)
      return []
    }
  })
}

function compiles({ name, book }: NamedBook, findings: Finding[]): boolean {
  try {
    compilePriceBooks({ books: [{ book, hash: name }], fx: [] })
    return true
  } catch (error) {
    report(error, 'consistency', name, findings)
    return false
  }
}

/** A configuration error lists several problems, one a line; anything else is a bug and goes on. */
function report(error: unknown, rule: LintRule, place: string, findings: Finding[]): void {
  if (!(error instanceof HalftoneError)) throw error
  for (const message of error.message.split('\n')) findings.push({ rule, severity: 'error', place, message })
}

function checkConversion(
  place: string,
  { unit, creditUnit }: PriceBook,
  fx: readonly FxRate[],
  today: string,
  findings: Finding[],
) {
  const currency = creditUnit?.currency ?? unit
  const dated = fx.some(
    (rate) =>
      rate.currency === currency && rate.effectiveFrom <= today && (rate.effectiveTo === undefined || today < rate.effectiveTo),
  )
  if (currency === 'USD' || dated) return
  const message = `${currency} has no conversion for ${today} in fx.json, so nothing here can be quoted.`
  findings.push({ rule: 'conversion', severity: 'warning', place, message })
}

function checkCounts(
  counts: Pick<LintReport, 'rates' | 'providers' | 'groupsCompared'>,
  { atLeast }: LintInput,
  findings: Finding[],
) {
  const short = (found: number, promised: number | undefined, what: string) => {
    if (promised === undefined || found >= promised) return
    findings.push({ rule: 'count', severity: 'error', place: 'prices', message: `${found} ${what}; ${promised} are promised.` })
  }
  short(counts.rates, atLeast?.rates, 'rates')
  short(counts.providers, atLeast?.providers, 'providers')
  short(counts.groupsCompared, atLeast?.groups, 'weights compared between providers')
}

function count(books: readonly NamedBook[], { uncounted = [] }: LintInput) {
  const byConfidence = { official: 0, secondary: 0, derived: 0, assumption: 0 }
  const counted = books.filter(({ book }) => !uncounted.includes(book.provider))
  let rates = 0
  for (const { book } of counted) {
    for (const sku of book.skus) {
      for (const rate of sku.rates) {
        rates += 1
        byConfidence[(rate.source ?? sku.source ?? book.source).kind] += 1
      }
    }
  }
  const providers = counted.filter(({ book }) => book.skus.length > 0).length
  return { rates, providers, byConfidence }
}
