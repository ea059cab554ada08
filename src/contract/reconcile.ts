/** Attempts of which nobody knows what they were billed, and evidence about them. */
import { z } from 'zod'
import { outcomes } from '../core/outcome.ts'
import { timestamp, usdText } from './common.ts'

export const unknownQuery = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) })
export type UnknownQuery = z.infer<typeof unknownQuery>

export const unknownAttempt = z.object({
  id: z.string(),
  request_id: z.string(),
  offer: z.string(),
  created_at: timestamp,
  outcome: z.string().nullable(),
  error_message: z.string().nullable(),
  provisional_usd: usdText.describe('What counts as spent until somebody knows.'),
  provider_request_id: z
    .string()
    .nullable()
    .describe("The provider's own id of the call, where it told one: what its bill calls the line."),
  job_id: z.string().nullable(),
})
export type UnknownAttemptWire = z.infer<typeof unknownAttempt>

export const reconcileRequest = z.strictObject({
  evidence_id: z
    .string()
    .min(1)
    .max(200)
    .describe('Stable id of the evidence, such as a line of an invoice; the same one counts once.'),
  source: z.string().min(1).max(256).describe('Where it is known from.'),
  amount_usd: usdText
    .refine((text) => !text.startsWith('-'), 'must not be negative')
    .describe('What it was billed; "0" = not billed.'),
  outcome: z.enum(outcomes).optional().describe('How the call ended after all; as it stands when absent.'),
})
export type ReconcileRequest = z.infer<typeof reconcileRequest>

export const reconcileResponse = z.object({
  object: z.literal('reconciliation'),
  attempt_id: z.string(),
  was_usd: usdText,
  is_usd: usdText,
})
