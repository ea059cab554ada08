/** Prices through time, and changes of them made by hand. */
import { z } from 'zod'
import { timestamp } from './common.ts'
import { priceRate } from './prices.ts'

export const priceHistoryQuery = z.object({
  offer: z
    .string()
    .min(1)
    .max(256)
    .describe('An offer, or what `halftone prices history` takes: a model, a provider, `provider:model`.'),
})

const version = z.string().describe('A day, and a count within it: `2026-11-22.1`.')

export const priceSetList = z.object({
  object: z.literal('price_set_list'),
  current: z.object({ version, origin: z.enum(['shipped', 'installed']), label: z.string() }),
  data: z
    .array(
      z.object({
        version,
        date: timestamp.nullable().describe('When it was made; null: it cannot be read any more.'),
        note: z.string().nullable(),
        current: z.boolean(),
      }),
    )
    .describe('Installed sets, the newest first; below them stand the shipped prices.'),
})

const decimal = z.string().regex(/^\d{1,12}(\.\d{1,18})?$/, 'must be a decimal such as 0.04')

export const priceChangeRequest = z
  .strictObject({
    provider: z.string().min(1).max(64).describe('The book the rate is in, as the list of prices names it.'),
    rate_id: z.string().min(1).max(256),
    price: decimal.optional().describe("In the rate's own unit and quantity; absent: the rate ends."),
    effective_from: z.iso.date().describe('The first day of the new price, UTC; of a rate that ends, the first day without it.'),
    source_url: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional()
      .describe('Where the price stands; needed with `price`.'),
    note: z.string().max(512).optional(),
    dry_run: z.boolean().optional().describe('Show what would change, and install nothing.'),
  })
  .refine(({ price, source_url }) => price === undefined || source_url !== undefined, {
    path: ['source_url'],
    error: 'A price needs its source.',
  })

const rateChange = z.object({
  kind: z.enum(['added', 'ended', 'changed']),
  provider: z.string(),
  model: z.string(),
  sku: z.string(),
  meter: z.string(),
  when: z.string(),
  before: priceRate.nullable(),
  after: priceRate.nullable(),
  percent: z.string().nullable().describe('Of the price per unit, such as `-10`; null: nothing to compare.'),
  details: z.array(z.string()),
})

export const priceChange = z.object({
  object: z.literal('price_change'),
  dry_run: z.boolean(),
  replaces: version,
  installed_version: version.nullable(),
  changes: z.array(rateChange),
  rerate_since: z.string().nullable().describe('The day from which charges were made at another price; null: none was.'),
})

export const priceRollbackRequest = z.strictObject({
  from: version.describe('The version in use; 409 when another is by now.'),
  to_shipped: z.boolean().optional().describe('Give up every installed set.'),
})
export const priceRollback = z.object({
  object: z.literal('price_rollback'),
  left: version,
  version,
  origin: z.enum(['shipped', 'installed']),
})

export type PriceChangeRequest = z.infer<typeof priceChangeRequest>
export type PriceChangeWire = z.infer<typeof priceChange>
export type PriceSetListWire = z.infer<typeof priceSetList>
