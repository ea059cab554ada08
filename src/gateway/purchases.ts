/**
 * What was bought so far and what is paid in advance, in memory: inputs of every price. Seeded from the ledger, added to by each
 * call that this node settles, and read again now and then for what other nodes did: between two readings their calls are not
 * counted here, so that a tier or an empty lot is seen at most one reading late. The ledger's own draws are never late.
 */
import { periodStartUs } from '../core/budget/period.ts'
import type { NanoUsd } from '../core/money.ts'
import type { Offer, OfferId } from '../core/offer.ts'
import { type AccountCommitment, commitmentsFor, commitmentsOf, lotsDue } from '../core/pricing/commitments.ts'
import type { CompiledPrices, CompiledSku } from '../core/pricing/compiled.ts'
import { drawLots, type Lot } from '../core/pricing/lots.ts'
import { findSku } from '../core/pricing/rules.ts'
import type { PricingInput, Settlement } from '../core/pricing/types.ts'
import { type VolumeIndex, type VolumesToDate, volumeKey, volumesOf } from '../core/pricing/volumes.ts'
import { addUsage, type Usage } from '../core/usage.ts'
import type { Clock } from '../ports/clock.ts'
import type { Consumption, Ledger, LotRecord } from '../ports/ledger.ts'

export interface Purchases {
  /** What a plan is made with. */
  view(): { readonly volumes: VolumeIndex; readonly lots: ReadonlyMap<OfferId, readonly Lot[]> }
  /** What one call is priced with, before it and after it. */
  inputsFor(offer: Offer): Pick<PricingInput, 'monthToDate' | 'contractToDate' | 'lots'>
  /** Count a call that was charged; the answer goes into its settle. */
  settled(offer: Offer, settlement: Settlement): Consumption | undefined
  /** Make lots whose time has come, close those whose time is over, read what other nodes did. */
  sync(): Promise<void>
}

export interface PurchasesOptions {
  readonly ledger: Pick<Ledger, 'commitments'>
  readonly clock: Pick<Clock, 'nowUs'>
  readonly nodeId: string
  readonly current: () => { readonly offers: readonly Offer[]; readonly prices: CompiledPrices }
}

const DAY_US = 86_400_000_000
/** Lots are made this long before their time begins, so that the first call of an hour finds its own. */
const AHEAD_US = 2 * 3_600_000_000
/** A node that was away posts the idle time of at most so long. */
const CATCH_UP_US = 31 * DAY_US
/** Calls that ended within a lot's time may settle a little later. */
const CLOSE_AFTER_US = 60_000_000

/** A sku at one account whose price depends on volumes. */
interface Counted {
  readonly key: string
  readonly contractFromUs: number
}

/** What follows from the configuration alone. */
interface Terms {
  readonly prices: CompiledPrices
  readonly offers: readonly Offer[]
  readonly commitments: readonly AccountCommitment[]
  readonly counted: readonly Counted[]
  readonly idsByOffer: ReadonlyMap<OfferId, readonly string[]>
}

/** Reads the ledger once before it resolves. */
export async function createPurchases(options: PurchasesOptions): Promise<Purchases> {
  const purchases = new LedgerPurchases(options)
  await purchases.sync()
  return purchases
}

class LedgerPurchases implements Purchases {
  readonly #options: PurchasesOptions
  #terms: Terms | undefined
  /** By `volumeKey`: what other nodes, and this one before it started, bought. */
  #others: ReadonlyMap<string, VolumesToDate> = new Map()
  #othersMonthUs = 0
  /** What this process bought, by `volumeKey` and UTC day. */
  readonly #own = new Map<string, Map<number, Usage>>()
  #lots = new Map<string, LotRecord>()
  /** Until when each commitment has its lots. */
  readonly #madeUntilUs = new Map<string, number>()
  #view: { readonly dayUs: number; readonly value: ReturnType<Purchases['view']> } | undefined

  constructor(options: PurchasesOptions) {
    this.#options = options
  }

  view(): ReturnType<Purchases['view']> {
    const terms = this.#currentTerms()
    const dayUs = dayOf(this.#options.clock.nowUs())
    if (this.#view?.dayUs !== dayUs)
      this.#view = { dayUs, value: { volumes: this.#volumes(terms, dayUs), lots: this.#lotsByOffer(terms) } }
    return this.#view.value
  }

  inputsFor(offer: Offer): Pick<PricingInput, 'monthToDate' | 'contractToDate' | 'lots'> {
    const { volumes, lots } = this.view()
    const own = lots.get(offer.id)
    return { ...volumesOf(this.#currentTerms().prices, offer, volumes), ...(own && { lots: own }) }
  }

  settled(offer: Offer, settlement: Settlement): Consumption | undefined {
    if (settlement.kind !== 'charged') return undefined
    const { scope, usage } = settlement.consumed
    const nowUs = this.#options.clock.nowUs()
    const key = volumeKey(offer.provider, scope)
    const days = this.#own.get(key) ?? new Map<number, Usage>()
    days.set(dayOf(nowUs), addUsage(days.get(dayOf(nowUs)) ?? {}, usage))
    this.#own.set(key, days)
    const commitments = this.#currentTerms().idsByOffer.get(offer.id) ?? []
    this.#draw(commitments, { totalNanoUsd: settlement.totalNanoUsd, usage, atUs: nowUs })
    this.#view = undefined
    return { scope, usage, commitments }
  }

  async sync(): Promise<void> {
    const terms = this.#currentTerms()
    const { ledger, clock } = this.#options
    const nowUs = clock.nowUs()
    if (terms.commitments.length > 0 || this.#lots.size > 0) {
      await this.#makeLots(terms, nowUs)
      const ended = [...this.#lots.values()].some(({ expiresUs }) => expiresUs !== null && expiresUs <= nowUs - CLOSE_AFTER_US)
      if (ended) await ledger.commitments.closeLots({ atUs: nowUs - CLOSE_AFTER_US })
      this.#lots = new Map((await ledger.commitments.lots()).map((lot) => [lot.id, lot]))
    }
    if (terms.counted.length > 0) await this.#readOthers(terms, nowUs)
    this.#view = undefined
  }

  /** The configuration may have been replaced. */
  #currentTerms(): Terms {
    const { offers, prices } = this.#options.current()
    if (this.#terms?.prices === prices && this.#terms.offers === offers) return this.#terms
    const commitments = commitmentsOf(prices)
    const idsByOffer = new Map(
      commitments.length === 0 ? [] : offers.map((offer) => [offer.id, commitmentsFor(commitments, offer)] as const),
    )
    this.#terms = { prices, offers, commitments, counted: countedOf(offers, prices), idsByOffer }
    this.#madeUntilUs.clear()
    this.#view = undefined
    return this.#terms
  }

  async #makeLots({ commitments, prices }: Terms, nowUs: number): Promise<void> {
    const { ledger } = this.#options
    const waiting = commitments.filter(({ id }) => (this.#madeUntilUs.get(id) ?? 0) < nowUs + AHEAD_US / 2)
    if (waiting.length === 0) return
    const known = await ledger.commitments.lots({ closed: true, endsAfterUs: nowUs - CATCH_UP_US })
    for (const commitment of waiting) {
      const ends = known.filter((lot) => lot.commitment === commitment.id).map((lot) => lot.expiresUs ?? 0)
      // A commitment that nobody knew has no time in the past that Halftone could have used.
      const sinceUs = Math.min(nowUs, ...(ends.length === 0 ? [] : [Math.max(...ends)]))
      const due = lotsDue(commitment, prices, { sinceUs, untilUs: nowUs + AHEAD_US })
      const source = `providers.${commitment.provider}.prices`
      await ledger.commitments.putLots(due.map((lot) => ({ ...lot, source, managedBy: 'file' as const })))
      this.#madeUntilUs.set(commitment.id, nowUs + AHEAD_US)
    }
  }

  async #readOthers({ counted }: Terms, nowUs: number): Promise<void> {
    const { ledger, nodeId } = this.#options
    const monthUs = periodStartUs('month', nowUs)
    const others = new Map<string, { monthToDate?: Usage; contractToDate?: Usage }>()
    const read = async (sinceUs: number, scope: keyof VolumesToDate, keys: ReadonlySet<string>) => {
      for (const { provider, scope: name, meter, quantity } of await ledger.commitments.volumes({
        sinceUs,
        exceptNode: nodeId,
      })) {
        const key = volumeKey(provider, name)
        if (!keys.has(key)) continue
        const entry = others.get(key) ?? {}
        others.set(key, { ...entry, [scope]: { ...entry[scope], [meter]: quantity } })
      }
    }
    await read(monthUs, 'monthToDate', new Set(counted.map(({ key }) => key)))
    for (const since of new Set(counted.map(({ contractFromUs }) => contractFromUs)))
      await read(since, 'contractToDate', new Set(counted.filter((it) => it.contractFromUs === since).map(({ key }) => key)))
    this.#others = others
    this.#othersMonthUs = monthUs
  }

  #volumes({ counted }: Terms, dayUs: number): VolumeIndex {
    const monthUs = periodStartUs('month', dayUs)
    return new Map(
      counted.map(({ key, contractFromUs }) => {
        const others = this.#others.get(key)
        const own = [...(this.#own.get(key) ?? [])]
        const since = (startUs: number): Usage[] => own.filter(([day]) => day >= dayOf(startUs)).map(([, usage]) => usage)
        // What others bought last month is not of this one, even before the next reading.
        const month = this.#othersMonthUs === monthUs ? (others?.monthToDate ?? {}) : {}
        return [
          key,
          {
            monthToDate: addUsage(month, ...since(monthUs)),
            contractToDate: addUsage(others?.contractToDate ?? {}, ...since(contractFromUs)),
          },
        ]
      }),
    )
  }

  #lotsByOffer({ idsByOffer }: Terms): ReadonlyMap<OfferId, readonly Lot[]> {
    if (this.#lots.size === 0) return new Map()
    const lots = [...this.#lots.values()]
    return new Map(
      [...idsByOffer].flatMap(([offer, ids]) => {
        const own = ids.length === 0 ? [] : lots.filter(({ commitment }) => ids.includes(commitment))
        return own.length === 0 ? [] : [[offer, own] as const]
      }),
    )
  }

  /** What the ledger will draw in the settling commit, shown here at once. */
  #draw(
    commitments: readonly string[],
    demand: { readonly totalNanoUsd: NanoUsd; readonly usage: Usage; readonly atUs: number },
  ): void {
    if (commitments.length === 0) return
    const lots = [...this.#lots.values()].filter(({ commitment }) => commitments.includes(commitment))
    for (const { lotId, drawn } of drawLots(lots, demand).draws) {
      const lot = this.#lots.get(lotId)
      if (lot) this.#lots.set(lotId, { ...lot, remaining: lot.remaining - drawn })
    }
  }
}

const dayOf = (atUs: number): number => Math.floor(atUs / DAY_US) * DAY_US

function countedOf(offers: readonly Offer[], prices: CompiledPrices): readonly Counted[] {
  const found = new Map<string, Counted>()
  for (const offer of offers) {
    const sku: CompiledSku | undefined = findSku(prices, offer).sku
    if (!sku?.byVolume) continue
    const key = volumeKey(offer.provider, sku.volumeScope)
    found.set(key, { key, contractFromUs: Math.max(sku.contractFromUs, found.get(key)?.contractFromUs ?? 0) })
  }
  return [...found.values()]
}
