/** Prices in `providers.<name>.prices`: a short form for the common cases, and the price book's own SKU. */
import { z } from 'zod'
import {
  type Adjustment,
  type Commitment,
  type Estimate,
  type EstimateForm,
  estimateForms,
  type GpuPool,
  type Rate,
  type Sku,
  type When,
} from '../core/pricing/price-book.ts'
import { operations, qualities } from '../core/request.ts'
import { type Meter, meters } from '../core/usage.ts'
import { decimalText, isoDate, modelPattern } from './schema-values.ts'

const meter = z.enum(Object.keys(meters) as [Meter, ...Meter[]])
const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)])
const range = z.strictObject({ min: z.number().exactOptional(), max: z.number().exactOptional() })
const signedDecimal = z.union([decimalText, z.string().regex(/^-\d+(\.\d+)?$/)], {
  error: 'must be a plain decimal such as -0.01',
})
const text = z.string().min(1)

const source = z.strictObject({
  url: text,
  kind: z.enum(['official', 'secondary', 'derived', 'assumption']),
  checkedAt: isoDate,
  note: text.exactOptional(),
})

const when = z.strictObject({
  size: oneOrMany(text).exactOptional(),
  quality: oneOrMany(z.enum(qualities)).exactOptional(),
  operation: oneOrMany(z.enum(operations)).exactOptional(),
  format: oneOrMany(text).exactOptional(),
  background: z.enum(['transparent', 'opaque']).exactOptional(),
  style: text.exactOptional(),
  steps: range.exactOptional(),
  pixels: range.exactOptional(),
  inputs: range.exactOptional(),
  negativePrompt: z.boolean().exactOptional(),
  mask: z.boolean().exactOptional(),
  stream: z.boolean().exactOptional(),
}) satisfies z.ZodType<When>

const tiers = z.strictObject({
  mode: z.enum(['graduated', 'volume']),
  scope: z.enum(['request', 'month', 'contract']),
  steps: z.array(z.strictObject({ from: decimalText, price: decimalText })).min(1),
})

const rate = z.strictObject({
  id: text,
  meter,
  when: when.exactOptional(),
  price: decimalText,
  per: decimalText.exactOptional(),
  roundUpTo: decimalText.exactOptional(),
  min: decimalText.exactOptional(),
  maxQuantity: z
    .strictObject({ perImage: decimalText.exactOptional(), perRequest: decimalText.exactOptional(), source: text })
    .exactOptional(),
  tiers: tiers.exactOptional(),
  effectiveFrom: isoDate,
  effectiveTo: isoDate.exactOptional(),
  source: source.exactOptional(),
}) satisfies z.ZodType<Rate>

const adjustmentBase = { id: text, when: when.exactOptional(), description: text }
const adjustment = z.discriminatedUnion('kind', [
  z.strictObject({ ...adjustmentBase, kind: z.literal('multiplier'), factor: decimalText }),
  z.strictObject({ ...adjustmentBase, kind: z.literal('percent'), percent: signedDecimal }),
  z.strictObject({ ...adjustmentBase, kind: z.literal('add'), amount: signedDecimal, per: z.enum(['request', 'image']) }),
  z.strictObject({ ...adjustmentBase, kind: z.literal('min'), amount: decimalText }),
  z.strictObject({ ...adjustmentBase, kind: z.literal('max'), amount: decimalText }),
  z.strictObject({
    ...adjustmentBase,
    kind: z.literal('freeUnits'),
    meter,
    quantity: decimalText,
    scope: z.enum(['request', 'month', 'contract']),
  }),
]) satisfies z.ZodType<Adjustment>

const billedShare = z
  .string()
  .or(z.number())
  .transform(String)
  .refine((share) => share === 'unknown' || /^(0(\.\d+)?|1(\.0+)?)$/.test(share), 'must be a share from 0 to 1, or unknown')
const billedPolicy = z.strictObject({
  success: billedShare,
  refusedBefore: billedShare,
  refusedAfter: billedShare,
  providerError: billedShare,
  timeout: billedShare,
  cancelled: billedShare,
})

const estimate = z.strictObject({
  meter,
  when: when.exactOptional(),
  scope: z.enum(['image', 'request']),
  form: z.enum(Object.keys(estimateForms) as [EstimateForm, ...EstimateForm[]]),
  expected: decimalText,
  min: decimalText.exactOptional(),
  max: decimalText.exactOptional(),
  areaOffset: decimalText.exactOptional(),
  areaDivisor: decimalText.exactOptional(),
  source: text,
}) satisfies z.ZodType<Estimate>

const common = { id: text.exactOptional(), appliesTo: z.array(modelPattern).exactOptional() }
const commitment = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('prepaidCredits'),
    lots: z
      .array(
        z.strictObject({
          id: text.exactOptional(),
          amount: decimalText,
          paid: decimalText.exactOptional(),
          startsAt: isoDate.exactOptional(),
          expiresAt: isoDate.exactOptional(),
        }),
      )
      .min(1),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('minimumSpend'),
    amount: decimalText,
    period: z.enum(['month', 'contract']),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('reservedCapacity'),
    pricePerHour: decimalText,
    units: decimalText,
    meter,
    perHour: decimalText,
    from: isoDate,
    to: isoDate.exactOptional(),
    ...common,
  }),
  z.strictObject({
    kind: z.literal('batchPrepay'),
    minimumBatch: decimalText,
    price: decimalText,
    meter: meter.exactOptional(),
    startsAt: isoDate.exactOptional(),
    expiresAt: isoDate.exactOptional(),
    ...common,
  }),
]) satisfies z.ZodType<Commitment>

const gpuPool = z.strictObject({
  id: text.exactOptional(),
  pricePerGpuHour: decimalText.exactOptional(),
  pricePerGpuSecond: decimalText.exactOptional(),
  billing: z.enum(['wallClock', 'busy']),
  gpus: decimalText.exactOptional(),
  from: isoDate.exactOptional(),
  to: isoDate.exactOptional(),
  utilisation: decimalText.exactOptional(),
  overheadSeconds: decimalText.exactOptional(),
  startUp: z.strictObject({ seconds: decimalText, calls: decimalText }).exactOptional(),
  throughput: z
    .array(
      z.strictObject({
        when: when.exactOptional(),
        imagesPerSecond: decimalText.exactOptional(),
        megapixelsPerSecond: decimalText.exactOptional(),
      }),
    )
    .min(1),
  measure: z.enum(['throughput', 'provider', 'wallTime']).exactOptional(),
  maxSecondsPerCall: decimalText.exactOptional(),
}) satisfies z.ZodType<GpuPool>

/** The meters of the short form. */
export const simpleMeters = {
  perRequest: 'requests',
  perImage: 'images.out',
  perMegapixel: 'megapixels.out',
  perInputImage: 'images.in',
  perStep: 'steps',
  perGpuSecond: 'gpu.seconds',
} as const satisfies Record<string, Meter>

const simpleKeys = {
  perRequest: decimalText.exactOptional().describe('USD per call.'),
  perImage: decimalText.exactOptional().describe('USD per image returned. 0 is a price.'),
  perMegapixel: decimalText.exactOptional().describe('USD per 1,000,000 pixels returned.'),
  perInputImage: decimalText.exactOptional().describe('USD per image sent.'),
  perStep: decimalText.exactOptional().describe('USD per inference step.'),
  perGpuSecond: decimalText.exactOptional().describe('USD per second of GPU time.'),
  effectiveFrom: isoDate.exactOptional().describe('First day of the short form, UTC; default: it has always been valid.'),
} satisfies Record<keyof typeof simpleMeters | 'effectiveFrom', z.ZodType>

const skuKeys = {
  id: text.exactOptional().describe('Name of the entry in charges.'),
  aliases: z.array(modelPattern).exactOptional().describe('Other names of the same product at the same price.'),
  region: text.exactOptional().describe('Region the price is for.'),
  tier: text.exactOptional().describe('Service tier the price is for.'),
  weights: text.exactOptional().describe('Same weights elsewhere carry the same id.'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .exactOptional()
    .describe('ISO currency of its rates, where it is not the unit of the prices.'),
  rates: z.array(rate).min(1).exactOptional().describe('Rates in the form of the price book, instead of the short form.'),
  adjustments: z.array(adjustment).exactOptional().describe('Multipliers, percentages, fees and bounds, in order.'),
  billedPolicy: billedPolicy.exactOptional().describe('Share that is billed, by how a call ended.'),
  estimates: z.array(estimate).exactOptional().describe('How much of each meter a call takes, for quotes.'),
  commitments: z.array(commitment).exactOptional().describe('Prepaid credits, minimum spend, reserved capacity.'),
  volumeGroup: text.exactOptional().describe('Month and contract volumes count together with entries that name the same group.'),
  contract: z
    .strictObject({ from: isoDate, to: isoDate.exactOptional() })
    .exactOptional()
    .describe('Dates of the contract, for tiers, free units and minimum spend of that scope.'),
  gpuPool: gpuPool.exactOptional().describe('Own GPUs: the price follows from their time.'),
  retiredAt: isoDate.exactOptional().describe('Day it is no longer sold.'),
  source: source.exactOptional().describe('Where the price stands.'),
} satisfies Record<Exclude<keyof Sku, 'model'>, z.ZodType>

/** The price of one model: the short form or `rates`; everything else goes with either. The unit is USD. */
export const priceOverlay = z
  .strictObject({ ...simpleKeys, ...skuKeys })
  .refine(
    (price) =>
      [Object.keys(simpleMeters).some((key) => key in price), 'rates' in price, 'gpuPool' in price].filter(Boolean).length === 1,
    'must name either perImage or another per... key, or rates, or gpuPool',
  )
export type PriceOverlay = z.output<typeof priceOverlay>
