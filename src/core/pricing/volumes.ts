/** What was bought before: the inputs of tiers and free units that count by month or contract. */
import type { Meter, Quantity, Usage } from '../usage.ts'
import type { CompiledAdjustment, CompiledPrices, CompiledRate, VolumeCount } from './compiled.ts'
import { findSku } from './rules.ts'
import type { PricedOffer } from './types.ts'

/** Quantities before this call, by meter; absent = none. */
export interface VolumesToDate {
  /** In the UTC month of the call. */
  readonly monthToDate?: Usage
  /** Since the contract began. */
  readonly contractToDate?: Usage
}

/** By `volumeKey`. */
export type VolumeIndex = ReadonlyMap<string, VolumesToDate>

/** Volumes belong to an account (the configured provider) and are counted by sku or group of skus. */
export const volumeKey = (provider: string, scope: string): string => `${provider}\n${scope}`

export const volumeBefore = (
  scope: 'request' | 'month' | 'contract',
  meter: Meter,
  { monthToDate, contractToDate }: VolumesToDate,
): Quantity => {
  if (scope === 'request') return 0n
  return (scope === 'month' ? monthToDate : contractToDate)?.[meter] ?? 0n
}

export const volumesAt = (counts: readonly VolumeCount[], volumes: VolumesToDate): Quantity[] =>
  counts.map(({ scope, meter }) => volumeBefore(scope, meter, volumes))

/** Whether these are the volumes of `volumesAt`. */
export function isAtVolume(counts: readonly VolumeCount[], at: readonly Quantity[], volumes: VolumesToDate): boolean {
  for (let index = 0; index < counts.length; index += 1) {
    const count = counts[index]
    if (count && volumeBefore(count.scope, count.meter, volumes) !== at[index]) return false
  }
  return true
}

/** What the tiers of a rate have counted before this call. */
export const countedBefore = ({ meter, tiers }: CompiledRate, volumes: VolumesToDate): Quantity =>
  volumeBefore(tiers?.scope ?? 'request', meter, volumes)

/** The volume that a line's price depends on, for the line to name; undefined where it depends on none. */
export function pinnedVolume(
  { meter, tiers }: CompiledRate,
  adjustments: readonly CompiledAdjustment[],
  volumes: VolumesToDate,
): Quantity | undefined {
  const free = adjustments.find((adjustment) => adjustment.kind === 'freeUnits' && adjustment.meter === meter)
  const scopes = [tiers?.scope, free?.kind === 'freeUnits' ? free.scope : undefined]
  const scope = scopes.find((candidate) => candidate !== undefined && candidate !== 'request')
  return scope && volumeBefore(scope, meter, volumes)
}

const none: VolumesToDate = {}

/** Where the volumes of an offer's account and sku are counted; undefined where its price does not depend on any. */
export function volumeKeyOf(prices: CompiledPrices, offer: PricedOffer): string | undefined {
  const { sku } = prices.memo.offers.get(offer) ?? findSku(prices, offer)
  return sku?.byVolume ? volumeKey(offer.provider, sku.volumeScope) : undefined
}

/** The volumes of an offer's account and sku; none where its price does not depend on any. */
export function volumesOf(prices: CompiledPrices, offer: PricedOffer, index: VolumeIndex): VolumesToDate {
  const key = index.size === 0 ? undefined : volumeKeyOf(prices, offer)
  return (key !== undefined && index.get(key)) || none
}
