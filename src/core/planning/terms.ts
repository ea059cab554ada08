/** What the month's plan is about: volume tiers and minimum spends of the month, read off the price books and what was bought so far. */
import { periodStartUs } from '../budget/period.ts'
import type { Offer, OfferId } from '../offer.ts'
import { commitmentsFor, commitmentsOf } from '../pricing/commitments.ts'
import type { CompiledPrices, CompiledRate, CompiledSku } from '../pricing/compiled.ts'
import { isOpen, type Lot } from '../pricing/lots.ts'
import { findSku } from '../pricing/rules.ts'
import { type VolumeIndex, volumeKey } from '../pricing/volumes.ts'
import { MICRO } from '../usage.ts'
import type { MonthMinimum, MonthTiers } from './month.ts'

export interface MonthTermsInput {
  readonly offers: readonly Offer[]
  readonly prices: CompiledPrices
  readonly volumes: VolumeIndex
  /** Open lots by offer. */
  readonly lots: ReadonlyMap<OfferId, readonly Lot[]>
  readonly nowUs: number
}

export interface MonthTerms {
  /** What was spent at list price is not known here: 0. */
  readonly tiers: readonly MonthTiers[]
  readonly minimums: readonly MonthMinimum[]
}

/**
 * Offers whose prices the month decides on. Left out, because a price for the month would say too little about them: what is paid for
 * ahead otherwise than by a minimum of the month, free units, tiers of a contract or of another meter than pictures, and skus whose rates
 * have different tiers. These are compared by what they cost at the moment.
 */
export function monthTerms({ offers, prices, volumes, lots, nowUs }: MonthTermsInput): MonthTerms {
  const groups = new Map<string, { readonly steps: MonthTiers['steps']; readonly mode: MonthTiers['mode']; offers: OfferId[] }>()
  const minimums = new Map<string, { offers: OfferId[]; unspent: bigint }>()
  const commitments = commitmentsOf(prices)
  for (const offer of offers) {
    const own = (lots.get(offer.id) ?? []).filter((lot) => isOpen(lot, nowUs))
    const minimum = own.find((lot) => isMonthsMinimum(lot, nowUs))
    if (own.some((lot) => lot !== minimum && lot.remaining > 0n)) continue
    const { sku } = findSku(prices, offer)
    if (!sku) continue
    const tiers = sku.byVolume ? tiersOf(sku, nowUs) : undefined
    if (sku.byVolume && !tiers) continue
    if (tiers) {
      const key = volumeKey(offer.provider, sku.volumeScope)
      const known = groups.get(key)
      if (known && !sameSteps(known.steps, tiers.steps)) continue
      groups.set(key, { ...tiers, offers: [...(known?.offers ?? []), offer.id] })
    }
    if (!minimum || minimum.remaining <= 0n) continue
    const id = commitmentsFor(commitments, offer).join() || minimum.id
    const entry = minimums.get(id) ?? { offers: [], unspent: minimum.remaining }
    entry.offers.push(offer.id)
    minimums.set(id, entry)
  }
  return {
    tiers: [...groups].map(([key, { steps, mode, offers: counted }]) => ({
      offers: counted,
      mode,
      steps,
      bought: Number(volumes.get(key)?.monthToDate?.['images.out'] ?? 0n) / Number(MICRO),
      spentListNanoUsd: 0,
    })),
    minimums: [...minimums.values()].map(({ offers: counted, unspent }) => ({
      offers: counted,
      unspentNanoUsd: Number(unspent),
    })),
  }
}

const isMonthsMinimum = ({ kind, meter, startsUs, expiresUs }: Lot, nowUs: number): boolean =>
  kind === 'minimumSpend' && meter === null && expiresUs !== null && startsUs >= periodStartUs('month', nowUs)

/** The tiers that all rates of the sku that hold now share, as factors of the first price. */
function tiersOf({ rates, adjustments }: CompiledSku, nowUs: number): Pick<MonthTiers, 'mode' | 'steps'> | undefined {
  if (adjustments.some(({ kind }) => kind === 'freeUnits')) return undefined
  let found: Pick<MonthTiers, 'mode' | 'steps'> | undefined
  for (const rate of [...rates.values()].flat()) {
    if (rate.fromUs > nowUs || rate.toUs <= nowUs || !rate.tiers || rate.tiers.scope === 'request') continue
    const own = stepsOf(rate)
    if (!own || (found && !sameSteps(found.steps, own))) return undefined
    found = { mode: rate.tiers.mode, steps: own }
  }
  return found
}

function stepsOf({ meter, tiers }: CompiledRate): MonthTiers['steps'] | undefined {
  const [first] = tiers?.steps ?? []
  if (!tiers || !first || first.n === 0n || tiers.scope !== 'month' || meter !== 'images.out') return undefined
  return tiers.steps.map(({ from, n }) => ({ from: Number(from) / Number(MICRO), factor: Number(n) / Number(first.n) }))
}

const sameSteps = (one: MonthTiers['steps'], other: MonthTiers['steps']): boolean =>
  one.length === other.length &&
  one.every(({ from, factor }, index) => {
    const its = other[index]
    return its !== undefined && its.from === from && Math.abs(its.factor - factor) < 1e-6
  })
