/**
 * What the calls of a time would have cost under single decisions taken differently. Every call is priced again with the prices of its
 * moment; the same calls carry several answers, so sums of different changes overlap, and only `together` counts each call once.
 */
import type { NanoUsd } from '../money.ts'
import type { Offer } from '../offer.ts'
import { type Policy, qualityScoreOf } from '../routing/index.ts'
import { type Replay, startReplay } from '../simulation/replay.ts'
import type { TraceRow } from '../simulation/trace.ts'
import {
  alternativesOf,
  type Effect,
  listOffers,
  parameterNames,
  type Repriced,
  repriced,
  type WhatIfBasis,
} from './alternatives.ts'
import type { PastCall } from './past-call.ts'

export interface WhatIfInput extends Omit<WhatIfBasis, 'offers'> {
  readonly offers: readonly Offer[]
  readonly quality: ReadonlyMap<string, number>
  readonly qualityLevels: ReadonlyMap<string, number>
  /** Only calls of so many pieces of the time are given, of so many calls; absent: all are. */
  readonly sample?: { readonly slices: number; readonly population: number }
}

export interface ChangeEffect extends Omit<Effect, 'kind'> {
  readonly kind: Effect['kind'] | 'auto' | 'repeats'
}

export interface EffectSum {
  readonly effect: ChangeEffect
  /** Of the calls looked at; money and error are of all calls. */
  readonly calls: number
  readonly nowNanoUsd: NanoUsd
  readonly savedNanoUsd: NanoUsd
  /** Half of the 95 % interval that comes from looking at a part; 0 where all were looked at. */
  readonly errorNanoUsd: NanoUsd
  /** By call. */
  readonly savings: ReadonlyMap<string, NanoUsd>
}

export interface WhatIfResult {
  readonly looked: number
  readonly population: number
  /** Offers that are gone, or have no price for it any more, and calls whose record was deleted. */
  readonly notRepriced: number
  /** Of the calls that were priced again: what was charged, and what the same code quotes for the same settings. */
  readonly chargedNanoUsd: NanoUsd
  readonly quotedNanoUsd: NanoUsd
  /** What each parameter's value cost against the next cheaper one, most first. */
  readonly parameters: readonly EffectSum[]
  /** Decisions that would have saved anything, most first. */
  readonly changes: readonly EffectSum[]
  /** From the calls looked at to all. */
  readonly scale: (amount: NanoUsd) => NanoUsd
}

interface Group {
  readonly effect: ChangeEffect
  readonly savings: Map<string, NanoUsd>
  /** Nano-USD by slice, for the error alone. */
  readonly savedBySlice: Float64Array
  now: NanoUsd
}

export interface WhatIf {
  /** The next call in the order of time. */
  add(call: PastCall): void
  /** In steps of milliseconds, so that the caller can do something else in between. */
  result(): Generator<undefined, WhatIfResult>
}

export function startWhatIf(input: WhatIfInput): WhatIf {
  const basis: WhatIfBasis = { ...input, offers: listOffers(input.offers) }
  const groups = new Map<string, Group>()
  const callsBySlice = new Float64Array(input.sample?.slices ?? 1)
  const replays = new Map<string, Replay | undefined>()
  let looked = 0
  let notRepriced = 0
  let charged = 0n
  let quoted = 0n

  function note(effect: ChangeEffect, call: PastCall, nowNanoUsd: NanoUsd, thenNanoUsd: NanoUsd): void {
    const { kind, where, from, to, chosenBy = '' } = effect
    const name = [kind, where, from, to, chosenBy].join('\n')
    const group = groups.get(name) ?? { effect, savings: new Map(), savedBySlice: new Float64Array(callsBySlice.length), now: 0n }
    groups.set(name, group)
    const saved = nowNanoUsd - thenNanoUsd
    group.now += nowNanoUsd
    group.savings.set(call.id, saved)
    group.savedBySlice[call.slice] = (group.savedBySlice[call.slice] ?? 0) + Number(saved)
  }

  /** `auto` in place of a model that the client named, held to that model's own quality. */
  function noteAuto(call: PastCall, { offer, nowNanoUsd }: Repriced): void {
    const auto = input.routes.get('auto')
    if (call.request.route !== 'direct' || !auto) return
    const { quality } = call.settings
    const product = quality === undefined ? offer.model : `${offer.model}@${quality}`
    if (!replays.has(product)) replays.set(product, replayOf(input, { auto, product, call, offer }))
    const decided = replays.get(product)?.add(rowOf(call))
    const expected = decided?.expectedNanoUsd
    if (expected === undefined) return
    note({ kind: 'auto', where: product, from: offer.model, to: 'auto' }, call, nowNanoUsd, BigInt(Math.round(expected)))
  }

  return {
    add(call) {
      looked += 1
      callsBySlice[call.slice] = (callsBySlice[call.slice] ?? 0) + 1
      if (call.repeats) note(answeredAgain, call, call.chargedNanoUsd, 0n)
      const again = call.recordDeleted ? undefined : repriced(call, basis)
      if (!again) {
        notRepriced += 1
        return
      }
      charged += call.chargedNanoUsd
      quoted += again.nowNanoUsd
      for (const { nowNanoUsd, thenNanoUsd, ...effect } of alternativesOf(call, again, basis))
        note(effect, call, nowNanoUsd, thenNanoUsd)
      noteAuto(call, again)
    },
    *result() {
      const population = input.sample?.population ?? looked
      const scale = (amount: NanoUsd): NanoUsd =>
        looked === 0 || looked === population ? amount : (amount * BigInt(population)) / BigInt(looked)
      const sums: EffectSum[] = []
      for (const group of groups.values()) {
        sums.push({ ...sumOf(group, scale), errorNanoUsd: errorOf(group.savedBySlice, callsBySlice, population) })
        yield
      }
      sums.sort(bySaved)
      const isParameter = ({ effect }: EffectSum): boolean => parameterNames.some((name) => name === effect.kind)
      return {
        looked,
        population,
        notRepriced,
        chargedNanoUsd: scale(charged),
        quotedNanoUsd: scale(quoted),
        parameters: sums.filter(isParameter),
        changes: sums.filter((sum) => sum.savedNanoUsd > 0n && isChange(sum)),
        scale,
      }
    },
  }
}

/** The pictures that were there already, instead of new ones. */
const answeredAgain: ChangeEffect = { kind: 'repeats', where: '', from: 'paid again', to: 'answered again' }

/** Fewer or smaller pictures are another order, not another way to fill it. */
const isChange = ({ effect: { kind } }: EffectSum): boolean => kind !== 'n' && kind !== 'size'

const bySaved = (left: EffectSum, right: EffectSum): number =>
  left.savedNanoUsd === right.savedNanoUsd
    ? JSON.stringify(left.effect) < JSON.stringify(right.effect)
      ? -1
      : 1
    : left.savedNanoUsd > right.savedNanoUsd
      ? -1
      : 1

function sumOf({ effect, savings, now }: Group, scale: WhatIfResult['scale']): Omit<EffectSum, 'errorNanoUsd'> {
  let saved = 0n
  for (const each of savings.values()) saved += each
  return { effect, calls: savings.size, nowNanoUsd: scale(now), savedNanoUsd: scale(saved), savings }
}

/**
 * Of a sum that is scaled up from slices by the number of calls: the variance of a ratio of cluster totals (Cochran, Sampling Techniques, 3rd
 * edition, section 9A.1), because calls that lie close together are alike. Slices of equal parts spread better than ones at random would, so
 * that it is rather too large.
 */
function errorOf(saved: Float64Array, calls: Float64Array, population: number): NanoUsd {
  const slices = calls.length
  const looked = calls.reduce((sum, each) => sum + each, 0)
  if (slices < 2 || looked === 0 || looked >= population) return 0n
  const ratio = saved.reduce((sum, each) => sum + each, 0) / looked
  const squares = saved.reduce((sum, each, index) => sum + (each - ratio * (calls[index] ?? 0)) ** 2, 0)
  const variance = (squares * slices) / (slices - 1)
  return BigInt(Math.round(1.96 * Math.sqrt(variance * (1 - looked / population)) * (population / looked)))
}

/** Undefined: nobody rated the model at this quality, so that there is no floor to hold the route to. */
function replayOf(
  { offers, quality, qualityLevels, prices }: WhatIfInput,
  { auto, product, call, offer }: { auto: Policy; product: string; call: PastCall; offer: Offer },
): Replay | undefined {
  const score = qualityScoreOf(quality, { offer, settings: call.settings, warnings: [] })
  if (score === undefined) return undefined
  // The floor is the model's own score, by a name that nothing else has; it holds for every prompt.
  const floor = `as ${product}`
  const levels = new Map([...qualityLevels, [floor, score]])
  const { easyFloor: _easyFloor, ...everyPrompt } = auto
  return startReplay({
    snapshot: { offers, quality, qualityLevels: levels },
    prices,
    policy: { ...everyPrompt, floor },
    changes: [],
  })
}

const rowOf = ({ atUs, chargedNanoUsd, settings, request, offer, latencyMs }: PastCall): TraceRow => ({
  atUs,
  model: request.model,
  operation: request.operation,
  n: settings.n,
  size: settings.size,
  inputs: request.inputs.length,
  offer,
  outcome: 'succeeded',
  costNanoUsd: chargedNanoUsd,
  ...(request.prompt !== null && request.prompt !== '' && { prompt: request.prompt }),
  ...(latencyMs !== undefined && { latencyMs }),
})

export interface Change {
  readonly savedNanoUsd: NanoUsd
  /** By call; absent: it changes no single call, and so cannot be told apart from others. */
  readonly savings?: ReadonlyMap<string, NanoUsd>
}

/**
 * The changes that save most, one after the other: each by what it adds to those before it, so that a call counts once however many
 * changes touch it. One that changes no single call adds nothing to the sum, because what it saves depends on what is still bought. In
 * steps, as the result.
 */
export function* mostSaving<One extends Change>(
  changes: readonly One[],
  { count, scale }: { readonly count: number; readonly scale: (amount: NanoUsd) => NanoUsd },
): Generator<undefined, readonly (One & { readonly furtherNanoUsd: NanoUsd })[]> {
  const taken = new Set<string>()
  const chosen: (One & { readonly furtherNanoUsd: NanoUsd })[] = []
  const left = new Set(changes)
  while (chosen.length < count) {
    let best: { readonly change: One; readonly further: NanoUsd } | undefined
    for (const change of left) {
      const further = change.savedNanoUsd - scale(sumOfTaken(change, taken))
      if (further > (best?.further ?? 0n)) best = { change, further }
      yield
    }
    if (!best) break
    const { change, further } = best
    left.delete(change)
    chosen.push({ ...change, furtherNanoUsd: change.savings ? further : 0n })
    for (const call of change.savings?.keys() ?? []) taken.add(call)
    yield
  }
  return chosen
}

function sumOfTaken({ savings }: Change, taken: ReadonlySet<string>): NanoUsd {
  let sum = 0n
  if (savings && taken.size > 0) for (const [call, saved] of savings) if (taken.has(call)) sum += saved
  return sum
}
