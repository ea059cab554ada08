/**
 * What a settled attempt would cost under other prices, as adjusting charges. The stored inputs are settled again at the
 * instant the price was pinned, so that only a correction of the past changes anything: a price that changed later does not.
 */
import { formatUsd, type NanoUsd } from '../money.ts'
import type { ChargeLine, Provenance } from '../outcome.ts'
import { type Meter, parseQuantity, type Usage } from '../usage.ts'
import type { CompiledPrices } from './compiled.ts'
import { settleCharges } from './settle.ts'
import type { SettleInput, Settlement } from './types.ts'

/** A charge as posted, that is no reversal and not reversed. Corrections of earlier runs stand beside what they correct. */
export interface StandingCharge extends ChargeLine {
  readonly id: string
}

export interface Correction {
  /** The difference, as a charge of its own: `correction`, below zero when it was too much. */
  readonly line: ChargeLine
  /** Id of the charge that it adjusts. */
  readonly corrects: string
}

export type Rerating =
  | { readonly kind: 'unchanged' }
  /** The amount is better evidence than any price of ours. */
  | { readonly kind: 'kept'; readonly provenance: Provenance }
  | {
      readonly kind: 'corrected'
      readonly corrections: readonly Correction[]
      readonly wasNanoUsd: NanoUsd
      readonly isNanoUsd: NanoUsd
    }
  /** Nothing may be posted, and why. */
  | { readonly kind: 'skipped'; readonly reason: string }

export interface RerateOptions {
  readonly input: SettleInput
  readonly standing: readonly StandingCharge[]
  /** The prices it was settled with, where they were kept: they must give what was charged, or the inputs are not whole. */
  readonly original?: CompiledPrices
}

export const NOT_REPRODUCED = 'what is stored does not give the amount that was charged'

/** Settle again with `prices` and compare line by line. Pure; run on its own result it is `unchanged`. */
export function rerateAttempt(prices: CompiledPrices, { input, standing, original }: RerateOptions): Rerating {
  const better = standing.find(({ provenance }) => provenance === 'reported' || provenance === 'invoiced')
  if (better) return { kind: 'kept', provenance: better.provenance }
  const volumes = volumesOf(standing)
  // A line names the one volume that its price depended on, of whichever scope the rate counts by.
  const replayed: SettleInput = { monthToDate: volumes, contractToDate: volumes, ...input }
  if (original && !reproduces(original, replayed, standing)) return { kind: 'skipped', reason: NOT_REPRODUCED }
  const settlement = settleCharges(prices, replayed)
  const lines = linesOf(settlement)
  if (!lines) return { kind: 'skipped', reason: reasonOf(settlement) }
  const corrections = differences(standing, lines)
  if (corrections.length === 0) return { kind: 'unchanged' }
  return { kind: 'corrected', corrections, wasNanoUsd: sum(standing), isNanoUsd: sum(lines) }
}

/** Undefined: the prices cannot tell what it costs. */
function linesOf(settlement: Settlement): readonly ChargeLine[] | undefined {
  if (settlement.kind === 'charged') return settlement.lines
  return settlement.kind === 'free' ? [] : undefined
}

const reasonOf = (settlement: Settlement): string =>
  settlement.kind === 'unpriced' ? `unpriced: ${settlement.reason}` : settlement.kind === 'unknown' ? settlement.reason : ''

/** What the month had bought before, as it stood when the price was worked out. */
function volumesOf(standing: readonly StandingCharge[]): Usage {
  const volumes: Partial<Record<Meter, bigint>> = {}
  for (const { meter, volumeBefore } of standing) {
    // A charge of usage names a meter of the registry.
    if (meter !== undefined && volumeBefore !== undefined) volumes[meter as Meter] = parseQuantity(volumeBefore)
  }
  return volumes
}

/** Corrections were made by other prices, so only the first charges can be held against the first prices. */
function reproduces(original: CompiledPrices, input: SettleInput, standing: readonly StandingCharge[]): boolean {
  const first = standing.filter(({ kind }) => kind !== 'correction')
  const lines = linesOf(settleCharges(original, input))
  return lines !== undefined && (sum(lines) === sum(first) || nativeOf(lines) === nativeOf(first))
}

/** Another conversion changes the dollars, not what was charged in the provider's own unit. */
const nativeOf = (lines: readonly ChargeLine[]): string =>
  lines
    .map((line) => `${keyOf(line)} ${line.nativeAmount} ${line.nativeUnit}`)
    .sort()
    .join('\n')

const sum = (lines: readonly ChargeLine[]): NanoUsd => lines.reduce((total, line) => total + line.amountNanoUsd, 0n)

/** Lines of one meter price the same thing; an adjustment is known by its rule. A correction has the key of what it adjusts. */
const keyOf = ({ meter, rateId }: ChargeLine): string => (meter === undefined ? `rule ${rateId}` : `meter ${meter}`)

function differences(standing: readonly StandingCharge[], lines: readonly ChargeLine[]): Correction[] {
  const [anchor] = standing
  if (!anchor) return []
  const keys = new Set([...standing, ...lines].map(keyOf))
  return [...keys].flatMap((key) => {
    const before = standing.filter((line) => keyOf(line) === key)
    const after = lines.filter((line) => keyOf(line) === key)
    const difference = sum(after) - sum(before)
    if (difference === 0n) return []
    const corrected = before.find(({ kind }) => kind !== 'correction') ?? before[0] ?? anchor
    return [{ line: correctionLine(difference, { before, after, corrected }), corrects: corrected.id }]
  })
}

const dollars = (amount: NanoUsd): string => (amount < 0n ? `-$${formatUsd(-amount)}` : `$${formatUsd(amount)}`)

function correctionLine(
  difference: NanoUsd,
  { before, after, corrected }: { before: readonly ChargeLine[]; after: readonly ChargeLine[]; corrected: ChargeLine },
): ChargeLine {
  const [line = corrected] = after
  const { meter } = line
  return {
    kind: 'correction',
    ...(meter !== undefined && { meter }),
    ...(line.quantity !== undefined && { quantity: line.quantity }),
    ...(line.volumeBefore !== undefined && { volumeBefore: line.volumeBefore }),
    amountNanoUsd: difference,
    nativeAmount: formatUsd(difference, 0),
    nativeUnit: 'USD',
    fxRate: '1',
    fxSource: 'identity',
    rateId: line.rateId,
    priceBook: line.priceBook,
    provenance: after[0]?.provenance ?? corrected.provenance,
    description: `Price corrected: ${dollars(sum(before))} -> ${dollars(sum(after))}; ${line.description}`,
  }
}

/** What a run over the ledger did. */
export interface RerateReport {
  readonly sinceUs: number
  readonly dryRun: boolean
  /** The prices it was done with. */
  readonly priceBook: string
  readonly examined: number
  readonly unchanged: number
  readonly kept: number
  readonly corrected: number
  readonly correctedNanoUsd: NanoUsd
  readonly skipped: readonly { readonly reason: string; readonly attempts: number; readonly example: string }[]
  /** The first thousand. */
  readonly corrections: readonly {
    readonly attemptId: string
    readonly requestId: string
    readonly offer: string
    readonly wasNanoUsd: NanoUsd
    readonly isNanoUsd: NanoUsd
  }[]
}
