/** Whether every setting an offer declares has a price, or the book says that it has none. */
import type { Candidate, Offer } from '../offer.ts'
import type { ImageInput, ImageRequest, Operation, OutputFormat, Quality, Size } from '../request.ts'
import { formatSize } from '../request.ts'
import type { Meter } from '../usage.ts'
import type { CompiledPrices, CompiledSku } from './compiled.ts'
import { DAY_US, dateUs } from './dates.ts'
import type { Finding, LintInput, NamedBook } from './lint.ts'
import { modelMatches } from './match.ts'
import { quoteCandidate } from './quote.ts'
import { findSku } from './rules.ts'

interface Coverage {
  readonly offersChecked: number
  readonly candidatesChecked: number
  readonly candidatesUnpriced: number
}

export function checkCoverage(
  prices: CompiledPrices,
  books: readonly NamedBook[],
  { offers, today }: Pick<LintInput, 'offers' | 'today'>,
  findings: Finding[],
): Coverage {
  let candidatesChecked = 0
  let candidatesUnpriced = 0
  for (const offer of offers) {
    const named = books.find(({ book }) => book.provider === offer.providerType)
    const place = `${named?.name ?? `${offer.providerType}.json`} ${offer.id}`
    const { sku } = findSku(prices, offer)
    const declared = named?.book.unpriced?.some(({ model }) => modelMatches(model, offer.model)) === true
    if (sku && declared) {
      const message = `is declared unpriced and has prices in ${sku.id}; drop one of the two.`
      findings.push({ rule: 'coverage', severity: 'error', place, message })
    }
    const atUs = instantOf(offer, today)
    const missing = new Map<string, string[]>()
    for (const { candidate, request, label } of candidatesOf(offer, sku)) {
      candidatesChecked += 1
      const quote = quoteCandidate(prices, { candidate, request, promptComplexity: 0.5, atUs })
      if (quote.kind === 'priced') continue
      if (declared || (sku && quote.missing.length > 0 && quote.missing.every((meter) => isDeclaredUnpriced(sku, meter)))) {
        candidatesUnpriced += 1
        continue
      }
      missing.set(quote.reason, [...(missing.get(quote.reason) ?? []), label])
    }
    for (const [reason, labels] of missing) {
      const others = labels.length > 1 ? ` and ${labels.length - 1} more settings` : ''
      findings.push({ rule: 'coverage', severity: 'error', place, message: `${labels[0]}${others}: ${reason}` })
    }
  }
  return { offersChecked: offers.length, candidatesChecked, candidatesUnpriced }
}

/**
 * Consumed only under a condition (another format, say), and never priced: the book says so by estimating it without a rate.
 * What every call consumes cannot be declared away like that.
 */
const isDeclaredUnpriced = (sku: CompiledSku, meter: Meter): boolean => {
  const estimates = sku.estimates.get(meter) ?? []
  return !sku.rates.has(meter) && estimates.length > 0 && estimates.every(({ when }) => when.keys > 0)
}

/** Retired offers are priced for the ledgers of their time. */
function instantOf({ retiredAt }: Offer, today: string): number {
  const now = dateUs(today) ?? 0
  const end = retiredAt === undefined ? undefined : dateUs(retiredAt)
  return end !== undefined && end <= now ? end - DAY_US : now
}

interface Case {
  readonly candidate: Candidate
  readonly request: ImageRequest
  readonly label: string
}

function* candidatesOf(offer: Offer, sku: CompiledSku | undefined): Iterable<Case> {
  const { capabilities } = offer
  const qualities: readonly (Quality | undefined)[] = capabilities.qualities.length > 0 ? capabilities.qualities : [undefined]
  const sizes = sizesOf(offer, sku)
  for (const operation of capabilities.operations) {
    for (const inputs of inputCounts(operation, capabilities.maxInputs)) {
      for (const quality of qualities) {
        for (const size of sizes) yield makeCase(offer, { operation, inputs, quality, size, format: capabilities.defaultFormat })
        for (const format of capabilities.formats) {
          if (format === capabilities.defaultFormat) continue
          yield makeCase(offer, { operation, inputs, quality, size: capabilities.defaultSize, format })
        }
        for (const steps of stepsOf(offer).slice(1)) {
          const [size, format] = [capabilities.defaultSize, capabilities.defaultFormat]
          yield makeCase(offer, { operation, inputs, quality, size, format, steps })
        }
      }
    }
  }
}

const inputCounts = (operation: Operation, most: number): readonly number[] =>
  operation === 'generate' ? [0] : most > 1 ? [1, most] : [1]

interface Settings {
  readonly operation: Operation
  readonly inputs: number
  readonly quality: Quality | undefined
  readonly size: Size
  readonly format: OutputFormat
  /** The offer's default when absent. */
  readonly steps?: number
}

function makeCase(offer: Offer, { operation, inputs, quality, size, format, steps = stepsOf(offer)[0] }: Settings): Case {
  const counted = steps === undefined ? {} : { steps }
  return {
    candidate: { offer, settings: { size, format, n: 1, ...(quality && { quality }), ...counted }, warnings: [] },
    request: plainRequest(offer.model, operation, inputs),
    label: [operation, inputs > 0 && `${inputs} inputs`, quality, formatSize(size), format, steps && `${steps} steps`]
      .filter(Boolean)
      .join(' '),
  }
}

/** The default and the ends of what an offer declares; twenty where it takes any. */
function stepsOf({ capabilities: { steps, parameters } }: Offer): readonly number[] {
  if (!parameters.includes('steps')) return steps ? [steps.default] : []
  return steps ? [steps.default, steps.min, steps.max] : [20]
}

const input: ImageInput = { role: 'image', sha256: '0'.repeat(64), bytes: 1, mediaType: 'image/png', width: 1024, height: 1024 }

/** A hundred characters, and input images of 1024x1024 where there are any. */
export const plainRequest = (model: string, operation: Operation, inputs: number): ImageRequest => ({
  operation,
  model,
  prompt: 'a'.repeat(100),
  n: 1,
  inputs: Array.from({ length: inputs }, () => input),
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution: { tags: {} },
  extraBody: {},
})

/** Listed sizes; else the ends of the range and both sides of every area at which a price or an estimate changes. */
function sizesOf({ capabilities }: Offer, sku: CompiledSku | undefined): Size[] {
  const { sizes: rule, defaultSize } = capabilities
  if (rule.kind === 'list') return [...rule.sizes]
  if (rule.kind === 'any') return [defaultSize]
  const areas = [rule.minPixels, rule.maxPixels, ...boundaryAreas(sku)]
  const squares = areas.flatMap((area) => {
    const edge = Math.floor(Math.sqrt(area) / rule.multipleOf) * rule.multipleOf
    return [edge, edge + rule.multipleOf].map((each) => ({ width: each, height: each }))
  })
  const wide = fitted(rule.maxEdge, Math.min(rule.maxPixels / rule.maxEdge, rule.maxEdge), rule.multipleOf)
  const fits = ({ width, height }: Size): boolean =>
    Math.min(width, height) >= rule.minEdge &&
    Math.max(width, height) <= rule.maxEdge &&
    Math.max(width, height) / Math.min(width, height) <= rule.maxAspect &&
    width * height >= rule.minPixels &&
    width * height <= rule.maxPixels
  return [defaultSize, ...squares, wide, { width: wide.height, height: wide.width }].filter(fits)
}

const fitted = (width: number, height: number, multipleOf: number): Size => ({
  width: Math.floor(width / multipleOf) * multipleOf,
  height: Math.floor(height / multipleOf) * multipleOf,
})

function boundaryAreas(sku: CompiledSku | undefined): number[] {
  const rules = sku ? [...[...sku.rates.values()].flat(), ...[...sku.estimates.values()].flat()] : []
  return rules.flatMap(({ when }) => [when.when.pixels?.min, when.when.pixels?.max]).filter((area) => area !== undefined)
}
