/**
 * What `plan` worked out before and need not work out again: what stands for a kind of request (`standing.ts`), found again by everything it depends on,
 * and what was made of it (`scored.ts`). Plans are the same with and without it.
 */
import type { Offer } from '../offer.ts'
import type { CompiledPrices } from '../pricing/compiled.ts'
import type { PromptClass } from '../prompt/features.ts'
import type { ImageRequest, RequestOptions } from '../request.ts'
import { type Bids, noBids } from './bids.ts'
import { type KnownCandidates, knownBy, knownOf } from './known.ts'
import type { ScoreTerms } from './score.ts'
import { noSheet, type Sheet } from './scored.ts'
import { type Helpers, type StandingInput, type Stands, standingsOf } from './standing.ts'
import type { Policy, Snapshot } from './types.ts'

/** Kept by whoever plans again and again; of one set of offers and prices and one book of experience, and emptied when it gets others. */
export interface PlanMemo {
  offers: readonly Offer[]
  prices: CompiledPrices | undefined
  /** Lengths of prompts at which some offer says no, ascending. */
  promptLimits: readonly number[]
  readonly kinds: Map<string, RequestKind>
  /** Of the candidates of all kinds. */
  known: KnownCandidates
  /** Of all kinds together. */
  size: number
}

/** Requests for which the same stands. */
export interface RequestKind extends Stands {
  /** By which the last of them was scored. */
  terms: ScoreTerms | undefined
  readonly bids: Bids
  /** What was made of the slots for prompts of a class. */
  readonly classes: Map<PromptClass, Sheet>
}

/** Offers and candidates that are remembered, candidates once more for every class of prompts: sizes are the client's choice, memory is not. */
const MAX_SIZE = 60_000

export const createPlanMemo = (): PlanMemo => ({
  offers: [],
  prices: undefined,
  promptLimits: [],
  kinds: new Map(),
  known: knownBy(undefined),
  size: 0,
})

export const newKind = (input: StandingInput, helpers: Helpers): RequestKind => ({
  ...standingsOf(input, helpers),
  terms: undefined,
  bids: noBids(),
  classes: new Map(),
})

/** As `newKind`. */
export function kindFrom(
  memo: PlanMemo,
  input: StandingInput,
  helpers: Helpers,
  experience: Snapshot['experience'],
): RequestKind {
  if (memo.offers !== input.offers || memo.prices !== input.prices || memo.known.experience !== experience)
    empty(memo, input, experience)
  const key = kindOf(input, helpers, memo.promptLimits)
  const known = memo.kinds.get(key)
  if (known) return known
  const made = newKind(input, helpers)
  memo.kinds.set(key, made)
  grow(memo, made.standings.length + made.slots.length)
  return made
}

/** What was made of the slots for prompts of this class. */
export function sheetOf(
  kind: RequestKind,
  promptClass: PromptClass,
  { request, snapshot, memo }: { readonly request: ImageRequest; readonly snapshot: Snapshot; readonly memo?: PlanMemo },
): Sheet {
  const before = kind.classes.get(promptClass)
  if (before) return before
  const known = memo?.known ?? knownBy(snapshot.experience)
  const made = noSheet(kind.slots.map(({ candidate }) => knownOf(known, candidate, request, promptClass)))
  kind.classes.set(promptClass, made)
  if (memo) grow(memo, kind.slots.length)
  return made
}

/** The oldest kinds go. */
function grow(memo: PlanMemo, by: number): void {
  memo.size += by
  for (const [key, { standings, slots, classes }] of memo.kinds) {
    if (memo.size <= MAX_SIZE) return
    memo.kinds.delete(key)
    memo.size -= standings.length + slots.length * (1 + classes.size)
  }
}

/** The terms of a request: the object of the last one of its kind where they are equal, since candidates are compared with what they were scored by. */
export function termsOf(
  kind: RequestKind,
  { policy, options }: { readonly policy: Policy; readonly options: RequestOptions },
): ScoreTerms {
  const { terms } = kind
  const deadlineMs = options.deadlineMs ?? policy.deadlineMs
  const latenessNanoUsdPerSecond = policy.latenessNanoUsdPerSecond ?? 0n
  if (
    terms?.deadlineMs === deadlineMs &&
    terms?.latenessNanoUsdPerSecond === latenessNanoUsdPerSecond &&
    terms.floors[0] === policy.floor &&
    terms.floors[1] === options.floor
  )
    return terms
  kind.terms = { deadlineMs, latenessNanoUsdPerSecond, floors: [policy.floor, options.floor] }
  return kind.terms
}

function empty(memo: PlanMemo, { offers, prices }: StandingInput, experience: Snapshot['experience']): void {
  memo.offers = offers
  memo.prices = prices
  memo.promptLimits = [...new Set([0, ...offers.map(({ capabilities }) => capabilities.maxPromptChars)])].sort((a, b) => a - b)
  memo.kinds.clear()
  memo.known = knownBy(experience)
  memo.size = 0
}

/** Everything of the input but offers and prices, with as little of the request as what stands depends on. */
function kindOf(
  { request, policy, options, allowedModels, required, today }: StandingInput,
  { cutters, upscalers }: Helpers,
  limits: readonly number[],
): string {
  const { route, filter, floor, everyLane, everyQuality, viaAlias, enlarge } = policy
  const { only, ignore, allowUnsupported, fit, upscale, convert } = options
  const kind = [today, route, filter, floor, options.floor, everyLane, everyQuality, viaAlias]
  return JSON.stringify([
    ...kind,
    enlarge?.ratedAs,
    cutters.map(({ id }) => id),
    upscalers.map(({ id }) => id),
    only,
    ignore,
    allowUnsupported,
    fit,
    upscale,
    convert,
    allowedModels,
    required,
    traitsOf(request, limits),
  ])
}

/**
 * A request without its words. What is left out here must not decide what an offer is asked for: of a prompt it is whether it is too long, of
 * a value that is passed on as it is whether it is there. Fields that are not known here are told apart by their value.
 */
function traitsOf(request: ImageRequest, limits: readonly number[]): unknown[] {
  const { prompt, model: _model, attribution: _attribution, responseFormat: _format, inputs, extraBody, ...rest } = request
  const { seed, negativePrompt, guidance, strength, ...traits } = rest
  let over = 0
  while (over < limits.length && prompt.length > (limits[over] ?? 0)) over += 1
  const given = [seed, guidance, strength].map((value) => value !== undefined)
  const negative = negativePrompt === undefined ? 0 : negativePrompt === '' ? 1 : 2
  return [
    over,
    given,
    negative,
    traits,
    inputs.map(({ sha256: _hash, bytes: _bytes, filename: _name, ...input }) => input),
    Object.entries(extraBody).map(([provider, fields]) => [provider, Object.keys(fields)]),
  ]
}
