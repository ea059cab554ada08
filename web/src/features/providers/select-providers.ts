/** Accounts as the page shows them: state in words, what to mend first, and the figures of a row. Pure. */
import type { ProviderListWire, ProviderOfferWire, ProviderWire } from '../../../../src/contract/providers.ts'
import { definedOnly, textOf } from '../../lib/filters.ts'

export interface ProvidersSearch {
  /** The account whose sheet is open. */
  readonly name?: string
}

export const parseProvidersSearch = (search: Record<string, unknown>): ProvidersSearch =>
  definedOnly({ name: textOf(search['name'], 128) })

export type Tone = 'good' | 'warn' | 'bad' | 'muted'

export interface State {
  readonly text: string
  readonly tone: Tone
}

/** One word for the whole account: the worst thing that is true of it. */
export function stateOf(provider: ProviderWire): State {
  if (provider.disabled) return { text: 'Disabled', tone: 'muted' }
  if (provider.findings.some(({ level }) => level === 'wrong')) {
    return provider.tested?.ok === false ? { text: 'Key or address fails', tone: 'bad' } : { text: 'Not usable', tone: 'bad' }
  }
  const open = provider.offers.filter(isResting).length
  if (open > 0 && open === provider.offers.length) return { text: 'Resting', tone: 'bad' }
  if (provider.keys.resting > 0 && provider.keys.resting >= provider.keys.total) return { text: 'Keys resting', tone: 'bad' }
  if (open > 0) return { text: `${open} of ${provider.offers.length} offers resting`, tone: 'warn' }
  if (provider.keys.resting > 0) return { text: `${provider.keys.resting} of ${provider.keys.total} keys resting`, tone: 'warn' }
  if (provider.sandbox) return { text: 'Ready', tone: 'good' }
  const called = provider.offers.some(({ calls }) => calls > 0)
  if (called || provider.tested?.ok) return { text: called ? 'In use' : 'Reachable', tone: 'good' }
  return { text: 'Not tried yet', tone: 'muted' }
}

const isResting = ({ breaker, blocked_until: until, resting }: ProviderOfferWire): boolean =>
  breaker === 'open' || (until !== null && resting === null)

/** Breaker and limits of one offer in words. */
export function offerState(offer: ProviderOfferWire): State {
  if (offer.retired_at !== null) return { text: `retires ${offer.retired_at}`, tone: 'muted' }
  if (!offer.priced) return { text: 'unpriced, never chosen', tone: 'warn' }
  if (offer.breaker === 'open') return { text: 'open: resting after failures', tone: 'bad' }
  if (offer.breaker === 'half_open') return { text: 'half open: trying one call', tone: 'warn' }
  if (offer.resting === 'rate') return { text: 'waiting for its rate limit', tone: 'warn' }
  if (offer.resting === 'concurrency') return { text: 'as many calls as it bears', tone: 'warn' }
  if (offer.blocked_until !== null) return { text: 'asked to wait', tone: 'warn' }
  return offer.calls === 0 ? { text: 'closed, not called yet', tone: 'muted' } : { text: 'closed', tone: 'good' }
}

/** What can be done something about, worst first. */
export const remediesOf = ({ findings }: Pick<ProviderWire, 'findings'>): ProviderWire['findings'] =>
  [...findings].filter(({ level }) => level !== 'ok').sort((left, right) => weight(right.level) - weight(left.level))

const weight = (level: ProviderWire['findings'][number]['level']): number => ({ ok: 0, notice: 1, wrong: 2 })[level]

export interface Totals {
  readonly accounts: number
  readonly usable: number
  readonly offers: number
  readonly unpriced: number
  readonly running: number
  readonly resting: number
  readonly toMend: number
}

export function totalsOf({ data }: Pick<ProviderListWire, 'data'>): Totals {
  const offers = data.flatMap((provider) => provider.offers)
  return {
    accounts: data.length,
    usable: data.filter(
      (provider) => !['bad', 'muted'].includes(stateOf(provider).tone) || stateOf(provider).text === 'Not tried yet',
    ).length,
    offers: offers.length,
    unpriced: data.reduce((sum, { unpriced }) => sum + unpriced, 0),
    running: offers.reduce((sum, { in_flight: running }) => sum + running, 0),
    resting: offers.filter(isResting).length,
    toMend: data.reduce((sum, { findings }) => sum + findings.filter(({ level }) => level === 'wrong').length, 0),
  }
}

/** Verified offers of an account: how many, how many as said, and when last. */
export function verifiedOf({ offers }: Pick<ProviderWire, 'offers'>): {
  readonly count: number
  readonly asSaid: number
  readonly last: string | null
} {
  const found = offers.flatMap(({ verified }) => (verified ? [verified] : []))
  return {
    count: found.length,
    asSaid: found.filter(({ departures }) => departures.length === 0).length,
    last:
      found
        .map(({ at }) => at)
        .sort()
        .at(-1) ?? null,
  }
}

/** The newest error of any offer. */
export const lastErrorOf = ({
  offers,
}: Pick<ProviderWire, 'offers'>): (NonNullable<ProviderOfferWire['last_error']> & { readonly offer: string }) | null =>
  offers
    .flatMap(({ offer, last_error: error }) => (error ? [{ ...error, offer }] : []))
    .sort((left, right) => (left.at < right.at ? 1 : -1))[0] ?? null

/** An amount somebody typed as the most to spend; undefined: it is none. */
export function spendOf(text: string): string | undefined {
  const plain = text.trim().replace(/^\$/, '')
  return /^\d{1,6}(\.\d{1,9})?$/.test(plain) && Number(plain) > 0 ? plain : undefined
}
