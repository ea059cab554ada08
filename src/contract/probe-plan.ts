/** Which probes are bought: the cheapest picture of each offer, the cheapest offer of each model first, within a cap. */
import { parseUsd } from '../core/money.ts'
import type { ModelWire } from './admin.ts'
import type { QuoteRequest, QuoteResponse } from './quote.ts'
import type { RequestRecordWire } from './records.ts'

export type ProbedOperation = 'generate' | 'edit' | 'variation' | 'upscale' | 'remove_background'

interface ProbeSettings {
  readonly size?: string
  readonly quality?: string
}

/** One picture to buy. */
export interface Probe {
  readonly offer: string
  readonly model: string
  readonly operation: ProbedOperation
  /** What is sent besides offer, prompt and picture. */
  readonly settings: ProbeSettings
  /** What the quote says will come back. */
  readonly size: string
  readonly quality: string | null
  readonly expectedUsd: string
  readonly maxUsd: string
}

export interface Skipped {
  readonly offer: string
  readonly reason: string
}

export interface VerifyPlan {
  readonly probes: readonly Probe[]
  readonly skipped: readonly Skipped[]
}

const PROBE_PROMPT = 'A red circle on a white background'

/** Edges of the picture that is sent to operations that take one. */
export const PROBE_EDGE = 512

/** What a probe needs of a gateway: `halftone verify` asks one over HTTP, the server asks itself. */
export interface ProbedGateway {
  models(): Promise<readonly ModelWire[]>
  quote(question: QuoteRequest): Promise<QuoteResponse>
  /** Buy it. Rejects only when the gateway is gone or nobody waits any more; what a provider does is `failed`. */
  make(probe: Probe): Promise<ProbeAnswer>
  record(requestId: string): Promise<RequestRecordWire>
}

export type ProbeAnswer =
  | {
      readonly kind: 'made'
      readonly requestId: string
      readonly costUsd: string | null
      readonly costStatus: string
      readonly offer: string | null
      readonly warnings: readonly { readonly code: string; readonly message: string }[]
    }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly requestId: string | null }

const CONCURRENT_QUOTES = 4

/** Ask what the probe of each real offer would cost, of one provider or of all, and choose. Spends nothing. */
export async function planProbes(
  gateway: Pick<ProbedGateway, 'models' | 'quote'>,
  provider: string | undefined,
  maxSpendNanoUsd: bigint,
): Promise<VerifyPlan> {
  const offers = (await gateway.models()).filter(
    ({ halftone }) =>
      halftone?.kind === 'offer' && !halftone.sandbox && (provider === undefined || halftone.provider === provider),
  )
  const priced: (Probe | Skipped)[] = []
  for (let at = 0; at < offers.length; at += CONCURRENT_QUOTES) {
    priced.push(...(await Promise.all(offers.slice(at, at + CONCURRENT_QUOTES).map((offer) => priceProbe(gateway, offer)))))
  }
  const skipped = priced.filter((it): it is Skipped => 'reason' in it)
  return withinCap(
    priced.filter((it): it is Probe => 'maxUsd' in it),
    skipped,
    maxSpendNanoUsd,
  )
}

async function priceProbe(gateway: Pick<ProbedGateway, 'quote'>, { id, halftone }: ModelWire): Promise<Probe | Skipped> {
  if (!halftone) return { offer: id, reason: 'the gateway says nothing of it' }
  if (!halftone.priced) return { offer: id, reason: 'it has no known price' }
  if (id.endsWith('+batch')) return { offer: id, reason: 'its lane answers within hours' }
  // Generating sends the least.
  const operation = (halftone.operations.includes('generate') ? 'generate' : halftone.operations[0]) as ProbedOperation
  const settings = {
    ...(operation === 'generate' || operation === 'edit' ? smallest(halftone.sizes) : {}),
    ...(halftone.qualities[0] !== undefined &&
      (operation === 'generate' || operation === 'edit') && { quality: halftone.qualities[0] }),
  }
  const inputs = operation === 'generate' ? {} : { inputs: [{ width: PROBE_EDGE, height: PROBE_EDGE }] }
  const quote = await gateway.quote({ operation, model: id, prompt: PROBE_PROMPT, ...settings, ...inputs } as QuoteRequest)
  const candidate = quote.candidates.find(
    (it) => it.offer === id && (settings.quality === undefined || it.quality === settings.quality),
  )
  if (!candidate) {
    const reason = quote.eliminated.find((it) => it.offer === id)?.detail ?? 'it cannot take the probe'
    return { offer: id, reason }
  }
  if (candidate.max_usd === null) return { offer: id, reason: 'nobody knows the most it could cost' }
  return {
    offer: id,
    model: candidate.model,
    operation,
    settings,
    size: candidate.size,
    quality: candidate.quality,
    expectedUsd: candidate.expected_usd,
    maxUsd: candidate.max_usd,
  }
}

/** Of an offer with listed sizes the one with the fewest pixels; else its default. */
function smallest(sizes: string): { readonly size?: string } {
  const listed = sizes.split(', ').filter((text) => /^\d+x\d+$/.test(text))
  const pixels = (text: string): number => text.split('x').reduce((product, edge) => product * Number(edge), 1)
  const [size] = listed.sort((a, b) => pixels(a) - pixels(b))
  return size === undefined ? {} : { size }
}

/** Every model once before any model twice; cheap before dear; never more than the cap, even if each costs its maximum. */
function withinCap(probes: readonly Probe[], skipped: readonly Skipped[], maxSpendNanoUsd: bigint): VerifyPlan {
  const cheapFirst = [...probes].sort((a, b) => compare(parseUsd(a.maxUsd), parseUsd(b.maxUsd)))
  const seen = new Map<string, number>()
  const ranked = cheapFirst.map((probe) => {
    const rank = seen.get(probe.model) ?? 0
    seen.set(probe.model, rank + 1)
    return { probe, rank }
  })
  let left = maxSpendNanoUsd
  const chosen: Probe[] = []
  const beyond: Skipped[] = []
  for (const { probe } of ranked.sort((a, b) => a.rank - b.rank)) {
    const max = parseUsd(probe.maxUsd)
    if (max <= left) {
      chosen.push(probe)
      left -= max
    } else
      beyond.push({
        offer: probe.offer,
        reason: `it may cost $${probe.maxUsd}, beyond what is left of the most that may be spent`,
      })
  }
  return { probes: chosen, skipped: [...skipped, ...beyond] }
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** What all probes together cost at most. */
export const maximumOf = ({ probes }: Pick<VerifyPlan, 'probes'>): bigint =>
  probes.reduce((sum, { maxUsd }) => sum + parseUsd(maxUsd), 0n)

/** The body and headers that buy a probe, but for the picture that some operations take. */
export const probeRequest = (probe: Probe) => ({
  body: {
    model: probe.offer,
    ...(probe.operation === 'generate' || probe.operation === 'edit' ? { prompt: PROBE_PROMPT } : {}),
    ...probe.settings,
    response_format: 'url',
  },
  headers: { 'x-halftone-max-cost-usd': probe.maxUsd, 'x-halftone-group': 'verify' },
})
