/** Months whose books are closed. */
import { z } from 'zod'
import { listOf, timestamp, usdText } from './common.ts'

const seal = z.object({
  charges: z.int(),
  total_usd: usdText,
  sandbox_usd: usdText,
  sha256: z.string().describe('Over id and amount in nano-USD of every charge that is booked to the month, in their order.'),
})

export const closedMonth = z.object({
  object: z.literal('closed_month'),
  month: z.string(),
  closed_at: timestamp,
  closed_by: z.string(),
  forced: z.boolean(),
  unknown_attempts: z.array(z.string()).describe('Of unknown outcome when it was closed by force; the first of them.'),
  seal: seal.nullable().describe('What it held when it was closed; null: closing was cut off, and has to be repeated.'),
})
export type ClosedMonthWire = z.infer<typeof closedMonth>

export const checkedMonth = closedMonth.extend({
  now: seal.describe('What is booked to it now.'),
  unchanged: z.boolean().describe('The two are the same.'),
})

export const closeMonthRequest = z.strictObject({
  force: z.boolean().default(false).describe('Close although calls of unknown outcome stand in it at what was held for them.'),
})

export const monthEndpoints = {
  listMonths: {
    method: 'GET',
    path: '/v1/halftone/months',
    access: 'insight.all',
    summary: 'Closed months, oldest first.',
    response: listOf(closedMonth),
  },
  closeMonth: {
    method: 'POST',
    path: '/v1/halftone/months/{month}/close',
    access: 'months.close',
    summary: 'Close a month for good: later corrections are booked in the open month and name it.',
    body: closeMonthRequest,
    response: closedMonth,
  },
  checkMonth: {
    method: 'GET',
    path: '/v1/halftone/months/{month}',
    access: 'insight.all',
    summary: 'A closed month, and whether it still holds what it held when it was closed.',
    response: checkedMonth,
  },
} as const
