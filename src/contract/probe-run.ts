/** Buy a probe through the gateway, and compare what came with what codec and price book said. */
import { parseUsd } from '../core/money.ts'
import type { Probe, ProbeAnswer, ProbedGateway } from './probe-plan.ts'
import type { AttemptWire } from './records.ts'

export interface ProbeResult {
  readonly offer: string
  readonly requestId: string | null
  readonly costUsd: string
  readonly costStatus: string
  /** As the ledger has it: `1024x1024`; null without a picture. */
  readonly size: string | null
  /** What differs from what was said beforehand; empty: all as said. */
  readonly departures: readonly string[]
}

type Buyer = Pick<ProbedGateway, 'make' | 'record'>

/** Never rejects for what the provider does; rejects when the gateway is gone or nobody waits any more. */
export async function runProbe(gateway: Buyer, probe: Probe): Promise<ProbeResult> {
  const answer = await gateway.make(probe)
  if (answer.kind === 'made') return compare(gateway, probe, answer)
  const { code, message, requestId } = answer
  // A call that failed may have cost something all the same.
  const spent = requestId === null ? undefined : await gateway.record(requestId).catch(() => undefined)
  return {
    offer: probe.offer,
    requestId,
    costUsd: spent?.cost_usd ?? '0',
    costStatus: spent?.cost_status ?? 'final',
    size: null,
    departures: [`${code}: ${message}`],
  }
}

type Made = Extract<ProbeAnswer, { kind: 'made' }>

async function compare(gateway: Buyer, probe: Probe, answered: Made): Promise<ProbeResult> {
  const record = await gateway.record(answered.requestId)
  const [image] = record.images
  const size = image ? `${image.width}x${image.height}` : null
  const attempt = record.attempt_rows.findLast(({ offer }) => offer === probe.offer)
  return {
    offer: probe.offer,
    requestId: answered.requestId,
    costUsd: answered.costUsd ?? '0',
    costStatus: answered.costStatus,
    size,
    departures: [
      ...(answered.offer === probe.offer ? [] : [`${answered.offer} made the picture`]),
      ...(size === probe.size || isVector(image) ? [] : [`the picture is ${size ?? 'not stored'}, ${probe.size} was said`]),
      ...costDepartures(probe, answered),
      ...(attempt ? findingsOf(attempt) : ['the ledger has no attempt of it']),
      ...answered.warnings.filter(({ code }) => tellingWarnings.has(code)).map(({ message }) => message),
    ],
  }
}

/** Drawings without pixels of their own. */
const isVector = (image: { readonly media_type: string } | undefined): boolean => image?.media_type === 'image/svg+xml'

function costDepartures(probe: Probe, { costUsd, costStatus }: Made): readonly string[] {
  if (costUsd === null) return ['the cost is not known']
  const above = parseUsd(costUsd) > parseUsd(probe.maxUsd) ? [`it cost $${costUsd}, at most $${probe.maxUsd} was said`] : []
  return costStatus === 'final' ? above : [...above, `the cost is ${costStatus}, not final`]
}

/** What settling the call noticed: another price than the book's, usage without a meter, no usage at all. */
function findingsOf({ events }: AttemptWire): readonly string[] {
  return events.flatMap(({ data }) => {
    const { findings } = data
    return Array.isArray(findings) ? findings.map(String) : []
  })
}

/** Warnings that say the answer was not what the codec expects. The others are the request's own affair. */
const tellingWarnings: ReadonlySet<string> = new Set(['usage_unrecognized', 'format_differs', 'cost_above_hold'])
