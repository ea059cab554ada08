/** Pieces shared by the schemas of the HTTP API. snake_case is the wire's; everything inside is camelCase. */
import { z } from 'zod'
import { operations } from '../core/request.ts'

/** Exact USD as decimal text, at most nine decimals: `"0.042"`. */
export const usdText = z
  .string()
  .regex(/^-?\d{1,9}(\.\d{1,9})?$/, 'a decimal USD amount such as "0.042", at most 9 decimals')
  .describe('Exact USD as decimal text, at most nine decimals.')

export const timestamp = z.string().describe('ISO 8601, UTC.')

export const operation = z.enum(operations)

export const costStatus = z
  .enum(['final', 'estimated', 'unknown', 'unpriced', 'pending'])
  .describe(
    'final: as billed or metered; estimated: the provider reported no usage; unknown: an attempt may have been billed; pending: still running.',
  )

export const warning = z.object({ code: z.string(), param: z.string().optional(), message: z.string() })

export const tags = z.record(z.string().min(1).max(64), z.string().max(256)).describe('Free attribution labels, at most 10.')

export const errorBody = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
    request_id: z.string().optional(),
  }),
})

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ object: z.literal('list'), data: z.array(item), next_cursor: z.string().nullable().optional() })
