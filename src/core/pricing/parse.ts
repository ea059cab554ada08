/** Strict reading of price files: unknown keys, wrong types and bad values are listed together, each with its path. */
import { operations, qualities } from '../request.ts'
import { meters } from '../usage.ts'
import { estimateForms, type FxRate, type PriceBook } from './price-book.ts'
import {
  check,
  choice,
  date,
  decimal,
  flag,
  list,
  number,
  object,
  oneOrMany,
  optional,
  pattern,
  required,
  share,
  signedDecimal,
  text,
  union,
} from './shape.ts'

const meter = choice(Object.keys(meters))
const scope = choice(['request', 'month', 'contract'])
const range = object({ min: optional(number), max: optional(number) })
const source = object({
  url: required(text),
  kind: required(choice(['official', 'secondary', 'derived', 'assumption'])),
  checkedAt: required(date),
  note: optional(text),
})
const when = object({
  size: optional(oneOrMany(pattern(/^[1-9]\d*x[1-9]\d*$/, 'a size such as 1024x1024'))),
  quality: optional(oneOrMany(choice(qualities))),
  operation: optional(oneOrMany(choice(operations))),
  format: optional(oneOrMany(text)),
  background: optional(choice(['transparent', 'opaque'])),
  style: optional(text),
  steps: optional(range),
  pixels: optional(range),
  inputs: optional(range),
  negativePrompt: optional(flag),
  mask: optional(flag),
  stream: optional(flag),
})
const rate = object({
  id: required(text),
  meter: required(meter),
  when: optional(when),
  price: required(decimal),
  per: optional(decimal),
  roundUpTo: optional(decimal),
  min: optional(decimal),
  maxQuantity: optional(object({ perImage: optional(decimal), perRequest: optional(decimal), source: required(text) })),
  tiers: optional(
    object({
      mode: required(choice(['graduated', 'volume'])),
      scope: required(scope),
      steps: required(list(object({ from: required(decimal), price: required(decimal) }))),
    }),
  ),
  effectiveFrom: required(date),
  effectiveTo: optional(date),
  source: optional(source),
})
const adjustmentBase = { id: required(text), when: optional(when), description: required(text) }
const adjustment = union({
  multiplier: { ...adjustmentBase, factor: required(decimal) },
  percent: { ...adjustmentBase, percent: required(signedDecimal) },
  add: { ...adjustmentBase, amount: required(decimal), per: required(choice(['request', 'image'])) },
  min: { ...adjustmentBase, amount: required(decimal) },
  max: { ...adjustmentBase, amount: required(decimal) },
  freeUnits: { ...adjustmentBase, meter: required(meter), quantity: required(decimal), scope: required(scope) },
})
const common = { id: optional(text), appliesTo: optional(list(text)) }
const commitment = union({
  prepaidCredits: {
    lots: required(
      list(
        object({
          id: optional(text),
          amount: required(decimal),
          paid: optional(decimal),
          startsAt: optional(date),
          expiresAt: optional(date),
        }),
      ),
    ),
    ...common,
  },
  minimumSpend: {
    amount: required(decimal),
    period: required(choice(['month', 'contract'])),
    ...common,
  },
  reservedCapacity: {
    pricePerHour: required(decimal),
    units: required(decimal),
    meter: required(meter),
    perHour: required(decimal),
    from: required(date),
    to: optional(date),
    ...common,
  },
  batchPrepay: {
    minimumBatch: required(decimal),
    price: required(decimal),
    meter: optional(meter),
    startsAt: optional(date),
    expiresAt: optional(date),
    ...common,
  },
})
const gpuPool = object({
  id: optional(text),
  pricePerGpuHour: optional(decimal),
  pricePerGpuSecond: optional(decimal),
  billing: required(choice(['wallClock', 'busy'])),
  gpus: optional(decimal),
  from: optional(date),
  to: optional(date),
  utilisation: optional(decimal),
  overheadSeconds: optional(decimal),
  startUp: optional(object({ seconds: required(decimal), calls: required(decimal) })),
  throughput: required(
    list(object({ when: optional(when), imagesPerSecond: optional(decimal), megapixelsPerSecond: optional(decimal) })),
  ),
  measure: optional(choice(['throughput', 'provider', 'wallTime'])),
  maxSecondsPerCall: optional(decimal),
})
const estimate = object({
  meter: required(meter),
  when: optional(when),
  scope: required(choice(['image', 'request'])),
  form: required(choice(Object.keys(estimateForms))),
  expected: required(decimal),
  min: optional(decimal),
  max: optional(decimal),
  areaOffset: optional(decimal),
  areaDivisor: optional(decimal),
  source: required(text),
})
const modelPattern = pattern(/^[^/\s]+\/[^\s]+$/, '"publisher/name", with a trailing * as a pattern')
const sku = object({
  id: required(text),
  model: required(modelPattern),
  aliases: optional(list(modelPattern)),
  region: optional(text),
  tier: optional(text),
  weights: optional(text),
  currency: optional(pattern(/^[A-Z]{3}$/, 'an ISO currency')),
  rates: required(list(rate)),
  adjustments: optional(list(adjustment)),
  billedPolicy: required(
    object({
      success: required(share),
      refusedBefore: required(share),
      refusedAfter: required(share),
      providerError: required(share),
      timeout: required(share),
      cancelled: required(share),
    }),
  ),
  estimates: optional(list(estimate)),
  commitments: optional(list(commitment)),
  volumeGroup: optional(text),
  contract: optional(object({ from: required(date), to: optional(date) })),
  gpuPool: optional(gpuPool),
  retiredAt: optional(date),
  source: optional(source),
})
const book = object({
  $schema: optional(text),
  provider: required(text),
  unit: required(text),
  creditUnit: optional(
    object({ price: required(decimal), currency: required(pattern(/^[A-Z]{3}$/, 'an ISO currency')), source: required(source) }),
  ),
  source: required(source),
  skus: required(list(sku)),
  unpriced: optional(list(object({ model: required(text), reason: required(text) }))),
})
const fx = object({
  $schema: optional(text),
  rates: required(
    list(
      object({
        currency: required(pattern(/^[A-Z]{3}$/, 'an ISO currency')),
        usd: required(decimal),
        source: required(text),
        effectiveFrom: required(date),
        effectiveTo: optional(date),
      }),
    ),
  ),
})

/** Read a price book from parsed JSON. `name` starts every path in the message. Raises `config_invalid` with every problem. */
export function loadPriceBook(json: unknown, name = 'prices'): PriceBook {
  check(book, json, name)
  // Every field of the type was checked above.
  return json as PriceBook
}

/** Read `fx.json` from parsed JSON. Raises `config_invalid` with every problem. */
export function loadFx(json: unknown, name = 'fx'): readonly FxRate[] {
  check(fx, json, name)
  // Every field of the type was checked above.
  return (json as { readonly rates: readonly FxRate[] }).rates
}
