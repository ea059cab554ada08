/**
 * What the calls of a time would have cost under single decisions taken differently. Every call is priced again with the prices of its
 * moment; the same calls carry several answers, so sums of different changes overlap, and only `together` counts each call once.
 */
import type { NanoUsd } from '../money.ts'
import { type Policy, qualityScoreOf } from '../routing/index.ts'
import { type Replay, startReplay } from '../simulation/replay.ts'
import type { TraceRow } from '../simulation/trace.ts'
import { alternativesOf, type Effect, parameterNames, type Repriced, repriced, type WhatIfBasis } from './alternatives.ts'
import type { PastCall } from './past-call.ts'

export interface WhatIfInput extends WhatIfBasis {
  readonly quality: ReadonlyMap<string, number>
  readonly qualityLevels: ReadonlyMap<string, number>
  /** How many calls there were; absent: all are given. */
  readonly population: number
}

export interface ChangeEffect extends Omit<Effect, 'kind'> {
  readonly kind: Effect['kind'] | 'auto'
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
  now: NanoUsd
}

export interface WhatIf {
  /** The next call in the order of time. */
  add(call: PastCall): void
  /** In steps of milliseconds, so that the caller can do something else in between. */
  result(): Generator<undefined, WhatIfResult>
}

export function startWhatIf(input: WhatIfInput): WhatIf {
  const groups = new Map<string, Group>()
  const replays = new Map<string, Replay | undefined>()
  let looked = 0
  let notRepriced = 0
  let charged = 0n
  let quoted = 0n

  function note(effect: ChangeEffect, call: PastCall, nowNanoUsd: NanoUsd, thenNanoUsd: NanoUsd): void {
    const { kind, where, from, to, chosenBy = '' } = effect
    const name = [kind, where, from, to, chosenBy].join('\n')
    const group = groups.get(name) ?? { effect, savings: new Map(), now: 0n }
    groups.set(name, group)
    group.now += nowNanoUsd
    group.savings.set(call.id, nowNanoUsd - thenNanoUsd)
  }

  /** `auto` in place of a model that the client named, held to that model's own quality. */
  function noteAuto(call: PastCall, { offer, nowNanoUsd }: Repriced): void {
    const auto = input.routes.get('auto')
    if (call.request.route !== 'direct' || !auto) return
    const { quality } = call.settings
    const product = quality === undefined ? offer.model : `${offer.model}@${quality}`
    if (!replays.has(product)) replays.set(product, replayOf(input, { auto, product, call, offer: offer.id }))
    const decided = replays.get(product)?.add(rowOf(call))
    const expected = decided?.expectedNanoUsd
    if (expected === undefined) return
    note({ kind: 'auto', where: product, from: offer.model, to: 'auto' }, call, nowNanoUsd, BigInt(Math.round(expected)))
  }

  return {
    add(call) {
      looked += 1
      const again = call.recordDeleted ? undefined : repriced(call, input)
      if (!again) {
        notRepriced += 1
        return
      }
      charged += call.chargedNanoUsd
      quoted += again.nowNanoUsd
      for (const { nowNanoUsd, thenNanoUsd, ...effect } of alternativesOf(call, again, input))
        note(effect, call, nowNanoUsd, thenNanoUsd)
      noteAuto(call, again)
    },
    *result() {
      const { population } = input
      const scale = (amount: NanoUsd): NanoUsd =>
        looked === 0 || looked === population ? amount : (amount * BigInt(population)) / BigInt(looked)
      const sums: EffectSum[] = []
      for (const group of groups.values()) {
        sums.push(sumOf(group, { looked, population, scale }))
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

function sumOf(
  { effect, savings, now }: Group,
  { looked, population, scale }: Pick<WhatIfResult, 'looked' | 'population' | 'scale'>,
): EffectSum {
  let saved = 0n
  for (const each of savings.values()) saved += each
  return {
    effect,
    calls: savings.size,
    nowNanoUsd: scale(now),
    savedNanoUsd: scale(saved),
    errorNanoUsd: errorOf([...savings.values()], looked, population),
    savings,
  }
}

/** Of a sum that is estimated from a random part: calls outside the group save nothing, and count as such. */
function errorOf(savings: readonly NanoUsd[], looked: number, population: number): NanoUsd {
  if (looked >= population || looked < 2) return 0n
  const values = savings.map(Number)
  const mean = values.reduce((sum, each) => sum + each, 0) / looked
  const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) + (looked - values.length) * mean ** 2
  const spread = Math.sqrt(squares / (looked - 1) / looked) * Math.sqrt(1 - looked / population)
  return BigInt(Math.round(1.96 * spread * population))
}

/** Undefined: nobody rated the model at this quality, so that there is no floor to hold the route to. */
function replayOf(
  { offers, quality, qualityLevels, prices }: WhatIfInput,
  { auto, product, call, offer }: { auto: Policy; product: string; call: PastCall; offer: string },
): Replay | undefined {
  const bought = offers.find(({ id }) => id === offer)
  const score = bought && qualityScoreOf(quality, { offer: bought, settings: call.settings, warnings: [] })
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
