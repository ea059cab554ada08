/** Configured accounts over HTTP: how each stands now, what it lacks, and what buying a probe of each offer found. */
import { z } from 'zod'
import { timestamp, usdText } from './common.ts'
import type { VerifyPlan } from './probe-plan.ts'
import type { ProbeResult } from './probe-run.ts'

const finding = z.object({
  level: z.enum(['ok', 'notice', 'wrong']),
  message: z.string(),
  remedy: z.string().nullable(),
})

const providerOffer = z.object({
  offer: z.string(),
  model: z.string(),
  priced: z.boolean(),
  assumed: z.boolean().describe('Of a wire format nobody confirmed: chosen only when it is named.'),
  retired_at: z.string().nullable(),
  breaker: z.enum(['closed', 'open', 'half_open']).describe('On this node, now; `closed` before the first call.'),
  resting: z.enum(['rate', 'concurrency']).nullable().describe('A limit of our own that it has reached.'),
  blocked_until: timestamp.nullable(),
  in_flight: z.int(),
  concurrency_limit: z.int().nullable().describe('Calls at once that it has shown to bear; null: no limit was met.'),
  calls: z.int().describe('Of this node, since it started.'),
  last_error: z
    .object({ at: timestamp, code: z.string(), message: z.string() })
    .nullable()
    .describe('Of this node, since it started.'),
  verified: z
    .object({ at: timestamp, request_id: z.string().nullable(), cost_usd: usdText, departures: z.array(z.string()) })
    .nullable()
    .describe('What the last `verify` of it found; no departures: all as said.'),
})

const providerObject = z.object({
  name: z.string(),
  object: z.literal('provider'),
  type: z.string(),
  managed_by: z.enum(['file', 'environment', 'built_in']),
  disabled: z.boolean(),
  sandbox: z.boolean(),
  host: z.string().nullable().describe('Where its calls go; null: nowhere, or it is not known.'),
  documentation: z.string().nullable(),
  unpriced: z.int(),
  keys: z.object({
    total: z.int().describe('0: it needs none.'),
    resting: z.int().describe('Refused or limited lately; the others are used meanwhile.'),
    rests_until: timestamp.nullable().describe('Until the first of them is tried again.'),
  }),
  places: z
    .object({ total: z.int(), running: z.int(), waiting: z.int() })
    .nullable()
    .describe('Calls that may run at once on this node; null: any number.'),
  queue: z.int().nullable().describe('Jobs ahead of a new call, as far as is known; null: it does not queue.'),
  discovery: z.object({ asked_at: timestamp, problem: z.string().nullable() }).nullable(),
  tested: z
    .object({ at: timestamp, ok: z.boolean(), message: z.string() })
    .nullable()
    .describe('The last test of its key on this node (`POST /v1/halftone/probe`).'),
  findings: z.array(finding).describe('What `halftone doctor --provider` says of it, in the order in which to mend it.'),
  offers: z.array(providerOffer),
})

export const providerList = z.object({
  object: z.literal('provider_list'),
  node_id: z.string(),
  generated_at: timestamp,
  data: z.array(providerObject),
  available: z
    .array(
      z.object({
        type: z.string(),
        requires_key: z.boolean(),
        variables: z.array(z.string()),
        remedy: z.string(),
        documentation: z.string().nullable(),
      }),
    )
    .describe('Types without an account, and how to configure one.'),
})

export const verifyRequest = z.strictObject({
  max_spend_usd: usdText.describe('The most that all pictures together may cost, each counted at its maximum.'),
  dry_run: z.boolean().optional().describe('Say what would be bought, and buy nothing.'),
})

export const verification = z.object({
  object: z.literal('verification'),
  provider: z.string(),
  dry_run: z.boolean(),
  max_usd: usdText.describe('What all probes cost at most.'),
  spent_usd: usdText,
  probes: z.array(
    z.object({
      offer: z.string(),
      operation: z.string(),
      size: z.string(),
      quality: z.string().nullable(),
      expected_usd: usdText,
      max_usd: usdText,
    }),
  ),
  left_out: z.array(z.object({ offer: z.string(), reason: z.string() })),
  results: z.array(
    z.object({
      offer: z.string(),
      request_id: z.string().nullable(),
      cost_usd: usdText,
      cost_status: z.string(),
      size: z.string().nullable(),
      departures: z.array(z.string()).describe('What differs from what codec and price book say; empty: all as said.'),
    }),
  ),
})

export type ProviderListWire = z.infer<typeof providerList>
export type ProviderWire = ProviderListWire['data'][number]
export type ProviderOfferWire = ProviderWire['offers'][number]
export type VerifyRequest = z.infer<typeof verifyRequest>
export type VerificationWire = z.infer<typeof verification>

/** Probes and results as answers and `--json` print them. */
export const planWire = ({ probes, skipped }: VerifyPlan): Pick<VerificationWire, 'probes' | 'left_out'> => ({
  probes: probes.map(({ offer, operation, size, quality, expectedUsd, maxUsd }) => ({
    offer,
    operation,
    size,
    quality,
    expected_usd: expectedUsd,
    max_usd: maxUsd,
  })),
  left_out: skipped.map(({ offer, reason }) => ({ offer, reason })),
})

export const resultWire = (result: ProbeResult): VerificationWire['results'][number] => ({
  offer: result.offer,
  request_id: result.requestId,
  cost_usd: result.costUsd,
  cost_status: result.costStatus,
  size: result.size,
  departures: [...result.departures],
})
