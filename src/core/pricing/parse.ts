/** Strict reading of price files: unknown keys, wrong types and bad values are listed together, each with its path. */
import { HalftoneError } from '../error.ts'
import { operations, qualities } from '../request.ts'
import { meters } from '../usage.ts'
import { dateUs } from './dates.ts'
import { estimateForms, type FxRate, type PriceBook } from './price-book.ts'

/** A check appends what is wrong to `problems`; it never throws. */
type Check = (value: unknown, path: string, problems: string[]) => void

interface Field {
  readonly check: Check
  readonly optional?: true
}

const optional = (check: Check): Field => ({ check, optional: true })
const required = (check: Check): Field => ({ check })

const text: Check = (value, path, problems) => {
  if (typeof value !== 'string' || value === '') problems.push(`${path}: expected a text`)
}
const flag: Check = (value, path, problems) => {
  if (typeof value !== 'boolean') problems.push(`${path}: expected true or false`)
}
const number: Check = (value, path, problems) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) problems.push(`${path}: expected a number`)
}
const pattern =
  (expression: RegExp, words: string): Check =>
  (value, path, problems) => {
    if (typeof value !== 'string' || !expression.test(value)) problems.push(`${path}: expected ${words}`)
  }
const decimal = pattern(/^\d+(\.\d+)?$/, 'a decimal in quotes, such as "0.04"')
const signedDecimal = pattern(/^-?\d+(\.\d+)?$/, 'a decimal in quotes, such as "-5"')
const share = pattern(/^(0(\.\d+)?|1(\.0+)?|unknown)$/, '"0" to "1", or "unknown"')
const date: Check = (value, path, problems) => {
  if (typeof value !== 'string' || dateUs(value) === undefined) problems.push(`${path}: expected an ISO date`)
}
const choice =
  (values: readonly string[]): Check =>
  (value, path, problems) => {
    if (!values.includes(value as string)) problems.push(`${path}: expected one of ${values.join(', ')}`)
  }
const list =
  (item: Check): Check =>
  (value, path, problems) => {
    if (!Array.isArray(value)) problems.push(`${path}: expected a list`)
    else value.forEach((entry, index) => item(entry, `${path}[${index}]`, problems))
  }
const oneOrMany =
  (item: Check): Check =>
  (value, path, problems) =>
    Array.isArray(value) ? list(item)(value, path, problems) : item(value, path, problems)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const object =
  (fields: Readonly<Record<string, Field>>): Check =>
  (value, path, problems) => {
    if (!isObject(value)) {
      problems.push(`${path}: expected an object`)
      return
    }
    for (const key of Object.keys(value)) if (!Object.hasOwn(fields, key)) problems.push(`${path}.${key}: unknown key`)
    for (const [key, field] of Object.entries(fields)) {
      const entry = value[key]
      if (entry === undefined) {
        if (!field.optional) problems.push(`${path}.${key}: missing`)
      } else field.check(entry, `${path}.${key}`, problems)
    }
  }

/** An object whose `kind` decides its other fields. */
const union =
  (kinds: Readonly<Record<string, Readonly<Record<string, Field>>>>): Check =>
  (value, path, problems) => {
    const kind = isObject(value) ? value['kind'] : undefined
    const fields = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
    if (fields) object({ kind: required(text), ...fields })(value, path, problems)
    else problems.push(`${path}.kind: expected one of ${Object.keys(kinds).join(', ')}`)
  }

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
const appliesTo = { appliesTo: optional(list(text)) }
const commitment = union({
  prepaidCredits: {
    lots: required(list(object({ amount: required(decimal), expiresAt: optional(date) }))),
    ...appliesTo,
  },
  minimumSpend: {
    amount: required(decimal),
    period: required(choice(['month', 'contract'])),
    overage: optional(decimal),
    ...appliesTo,
  },
  reservedCapacity: { pricePerHour: required(decimal), units: required(decimal), ...appliesTo },
  batchPrepay: { minimumBatch: required(decimal), price: required(decimal), ...appliesTo },
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
const sku = object({
  id: required(text),
  model: required(pattern(/^[^/\s]+\/[^\s]+$/, '"publisher/name", with a trailing * as a pattern')),
  region: optional(text),
  tier: optional(text),
  weights: optional(text),
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

function check(shape: Check, value: unknown, name: string): void {
  const problems: string[] = []
  shape(value, name, problems)
  if (problems.length > 0) throw new HalftoneError('config_invalid', problems.join('\n'))
}

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
