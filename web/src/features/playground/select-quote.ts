/** A quote as the playground shows it: the choice, the cheapest others, and why some offers are out. */
import type { CandidateQuote, QuoteResponse } from '../../../../src/contract/quote.ts'
import { parseUsd } from '../../../../src/core/money.ts'
import { deltaUsd, exactUsd, isZeroUsd } from '../../lib/money.ts'
import { counted } from '../../lib/numbers.ts'
import { type EliminationCount, selectEliminated } from '../candidates/select-candidates.ts'

export interface Alternative {
  readonly candidate: CandidateQuote
  /** Against the choice: `+$0.01`, `−$0.01`, `same`. */
  readonly delta: string
}

export interface QuoteView {
  /** The candidate the gateway would try first; undefined when none is eligible. */
  readonly chosen: CandidateQuote | undefined
  /** Cheapest first, the choice left out. */
  readonly alternatives: readonly Alternative[]
  readonly more: number
  readonly eliminated: readonly EliminationCount[]
}

const SHOWN_ALTERNATIVES = 4

export function selectQuote(quote: QuoteResponse): QuoteView {
  const chosen = quote.candidates.find((candidate) => candidate.choice === 1)
  const others = quote.candidates.filter((candidate) => candidate !== chosen)
  return {
    chosen,
    alternatives: others.slice(0, SHOWN_ALTERNATIVES).map((candidate) => ({
      candidate,
      delta: chosen ? deltaUsd(chosen.expected_usd, candidate.expected_usd) : '',
    })),
    more: Math.max(0, others.length - SHOWN_ALTERNATIVES),
    eliminated: selectEliminated(quote.eliminated),
  }
}

export interface GroupView {
  readonly text: string
  /** All the pictures planned, at the offer that would make them; undefined: nobody said how many, or it cannot be known. */
  readonly together: { readonly count: number; readonly expectedUsd: string; readonly maxUsd: string | null } | undefined
}

/** What the group of a request means for it, and what the pictures planned in it cost together, where the job is of those. */
export function selectGroup({ group, job, candidates }: QuoteResponse, planned = job?.count): GroupView | undefined {
  if (!group) return undefined
  const above = isZeroUsd(group.cost_usd)
    ? ''
    : ` That is expected to cost ${exactUsd(group.cost_usd)} above the cheapest${group.cheapest_offer ? `, ${group.cheapest_offer}` : ''}.`
  const done = {
    first: `${group.name} has no pictures yet: this one would found its look, made by ${group.offer ?? 'the choice'}.`,
    followed: `It follows ${group.name}: ${group.offer ?? 'its offer'} gives the look.`,
    switched: `It leaves the look of ${group.name}, which is that of ${group.offer ?? 'another offer'}.`,
  }[group.role]
  const chosen = candidates.find((candidate) => candidate.choice === 1)
  const whole = job?.candidates.find(({ offer, size, quality }) => isSame({ offer, size, quality }, chosen))
  return {
    text: done + above,
    together:
      job && whole && job.count === planned
        ? { count: job.count, expectedUsd: whole.expected_usd, maxUsd: whole.max_usd }
        : undefined,
  }
}

type Product = Pick<CandidateQuote, 'offer' | 'size' | 'quality'>
const isSame = (one: Product, other: Product | undefined): boolean =>
  one.offer === other?.offer && one.size === other.size && one.quality === other.quality

export interface Wish {
  readonly name: string
  readonly text: string
}

/** What each wish of the request adds to the cheapest price, the dearest first; those that cost nothing and keep nobody out are left out. */
export function selectWishes({ explained }: QuoteResponse): readonly Wish[] {
  if (!explained) return []
  const left = explained.offers_left
  return explained.constraints
    .filter(({ adds_usd: adds, offers_without: without }) => usdOf(adds) > 0n || (left === 0 && without > 0))
    .sort((one, other) => (usdOf(other.adds_usd) > usdOf(one.adds_usd) ? 1 : -1))
    .map(({ constraint, stated, adds_usd: adds, without_usd: price, offers_without: without }) => ({
      name: `${constraint} ${stated}`.trim(),
      text:
        adds === null
          ? `without it ${counted(without, 'offer')}${price === null ? '' : `, from ${exactUsd(price)}`}`
          : `adds ${exactUsd(adds)}; without it ${counted(without, 'offer')} rather than ${left}`,
    }))
}

const usdOf = (text: string | null): bigint => (text === null ? -1n : parseUsd(text))

/** How old the price is; a stale one says so. */
export const checkedText = ({ checked_at, age_days, stale }: CandidateQuote): string =>
  stale ? `stale price: not checked for ${age_days} days` : `Prices checked ${checked_at.slice(0, 10)}`
