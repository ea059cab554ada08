/** What is paid in advance, and what drew on it. */
import { z } from 'zod'
import { lotKinds } from '../core/pricing/lots.ts'
import { timestamp, usdText } from './common.ts'

const quantityText = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,9})?$/, 'a decimal amount such as "12.5"')
  .describe('Decimal text: USD, or units of the meter where the lot holds a quantity.')

export const lotObject = z.object({
  id: z.string(),
  provider: z.string(),
  commitment: z.string(),
  kind: z.enum(lotKinds),
  meter: z.string().nullable().describe('What it holds; null: money.'),
  capacity: quantityText,
  remaining: quantityText,
  paid_usd: usdText,
  starts_at: timestamp,
  expires_at: timestamp.nullable(),
})

export const drawRequest = z.strictObject({
  id: z.string().min(1).max(128).describe('Stable id of the evidence, such as a line of a statement; the same one draws once.'),
  lot_id: z.string().min(1).max(256),
  amount: quantityText,
  source: z.string().min(1).max(256).describe('Where it is known from.'),
  at: z.iso.datetime().optional().describe('When it was used; default: now.'),
})
export type DrawRequest = z.infer<typeof drawRequest>

export const drawResponse = z.object({
  object: z.literal('draw'),
  lot_id: z.string(),
  drawn: quantityText.describe('At most what was left.'),
})
