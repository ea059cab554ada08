/**
 * What `plan` worked out before and need not work out again: what stands for a kind of request (`standing.ts`), found again by everything it depends on.
 * Plans are the same with and without it.
 */
import type { Offer } from '../offer.ts'
import type { CompiledPrices } from '../pricing/compiled.ts'
import type { ImageRequest, RequestOptions } from '../request.ts'
import type { ScoreTerms } from './score.ts'
import { type Standing, type StandingInput, standingsOf } from './standing.ts'
import type { Policy } from './types.ts'

/** Kept by whoever plans again and again; of one set of offers and prices, and emptied when it gets others. */
export interface PlanMemo {
  offers: readonly Offer[]
  prices: CompiledPrices | undefined
  /** Lengths of prompts at which some offer says no, ascending. */
  promptLimits: readonly number[]
  readonly kinds: Map<string, RequestKind>
  slots: number
}

/** Requests for which the same stands. */
export interface RequestKind {
  readonly standings: readonly Standing[]
  /** By which the last of them was scored. */
  terms: ScoreTerms | undefined
}

/** Candidates that are remembered before all are dropped: sizes are the client's choice, memory is not. */
const MAX_SLOTS = 40_000

export const createPlanMemo = (): PlanMemo => ({ offers: [], prices: undefined, promptLimits: [], kinds: new Map(), slots: 0 })

/** As `standingsOf` without helpers. */
export function kindFrom(memo: PlanMemo, input: StandingInput): RequestKind {
  if (memo.offers !== input.offers || memo.prices !== input.prices) empty(memo, input)
  const key = kindOf(input, memo.promptLimits)
  const known = memo.kinds.get(key)
  if (known) return known
  const made = { standings: standingsOf(input), terms: undefined }
  const slots = made.standings.reduce((sum, { choices }) => sum + 1 + choices.length, 0)
  if (memo.slots + slots > MAX_SLOTS) empty(memo, input)
  memo.kinds.set(key, made)
  memo.slots += slots
  return made
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

function empty(memo: PlanMemo, { offers, prices }: StandingInput): void {
  memo.offers = offers
  memo.prices = prices
  memo.promptLimits = [...new Set([0, ...offers.map(({ capabilities }) => capabilities.maxPromptChars)])].sort((a, b) => a - b)
  memo.kinds.clear()
  memo.slots = 0
}

/** Everything of the input but offers and prices, with as little of the request as what stands depends on. */
function kindOf({ request, policy, options, allowedModels, required, today }: StandingInput, limits: readonly number[]): string {
  const { route, filter, floor, everyLane, everyQuality, viaAlias } = policy
  const { only, ignore, allowUnsupported, fit, upscale, convert } = options
  const kind = [today, route, filter, floor, options.floor, everyLane, everyQuality, viaAlias]
  return JSON.stringify([
    ...kind,
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
