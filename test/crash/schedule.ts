/** What happens in one run: which calls are made when, and which nodes are killed at which moment. Pure, from a seed. */
import type { DoubleFault, DoubleScript } from '../support/provider-double.ts'
import { createRandom, type Random } from './random.ts'

export interface CallPlan {
  /** Unique, so that the double's bill and the ledger's request can be matched by it. */
  readonly prompt: string
  readonly node: number
  readonly startMs: number
  readonly operation: 'generate' | 'edit'
  /** As sent by the client: a model, an offer or a route. */
  readonly model: string
  readonly n: number
  /** Partial images of a stream; absent: not streamed. */
  readonly partials?: number
  /** How the client repeats the call when it got no answer. */
  readonly repeat: 'idempotency-key' | 'sdk-retry'
  /** The client gives up this long after its start. */
  readonly abortMs?: number
  /** What the double does, by the model's name on the wire. */
  readonly scripts: Readonly<Record<string, DoubleScript>>
}

/** Things that are counted as they happen, to kill at the moment of one of them. */
export type CrashEvent = 'received' | 'billed' | 'delivered' | 'answered'

export type Moment =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'event'; readonly event: CrashEvent; readonly nth: number; readonly afterMs: number }

export type EndingKind = 'kill' | 'drain' | 'pause'

export interface Ending {
  readonly node: number
  readonly kind: EndingKind
  readonly moment: Moment
  /** Kills of the process that follows while it starts, each at this share of a usual start. */
  readonly startKills: readonly number[]
}

export interface RoundPlan {
  /** Start on an empty database and data folder. */
  readonly fresh: boolean
  /** On a fresh database: kills of the very first starts, in the middle of migrations. */
  readonly firstKills: readonly number[]
  readonly calls: readonly CallPlan[]
  readonly endings: readonly Ending[]
}

/** Models that fail on purpose; the others only ever behave, so that a breaker that opened for these leaves those alone. */
export const shakyModels = ['shaky-0', 'shaky-1', 'shaky-2', 'shaky-3', 'shaky-4', 'shaky-5'] as const

/** The request was read and the gateway cannot know what came of it: these leave an attempt of unknown outcome. */
const ambiguous: readonly [DoubleFault, ...DoubleFault[]] = [
  'hang',
  // The only one of them that is not billed.
  'reset_before',
  'reset_after',
  'reset_mid_body',
  'truncate',
  'stall',
  'html_200',
  'empty_204',
]

export const isAmbiguous = (script: DoubleScript | undefined): boolean =>
  script?.fault !== undefined && ambiguous.includes(script.fault)

/** Jobs of the built-in batch model: money of its own kind, resumed by job id. */
export const JOB_MODEL = 'sandbox:sandbox/batch+batch'

export interface ScheduleOptions {
  readonly seed: number
  readonly nodes: number
  /** A new database every so many runs, so that the first start and its migrations are killed too. */
  readonly freshEvery: number
}

const WINDOW_MS = 700

export function planRound({ seed, nodes, freshEvery }: ScheduleOptions, run: number): RoundPlan {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b))
  const count = random.whole(4, 10) * (nodes > 1 ? 2 : 1)
  const calls = Array.from({ length: count }, (_, index) => planCall(random, `run ${run} call ${index} seed ${seed}`, nodes))
  const firstKills = Array.from({ length: random.whole(0, 2) }, () => random.next())
  return { fresh: run % freshEvery === 0, firstKills, calls, endings: planEndings(random, nodes) }
}

function planCall(random: Random, prompt: string, nodes: number): CallPlan {
  const common = {
    prompt,
    node: random.whole(0, nodes - 1),
    startMs: random.whole(0, WINDOW_MS),
    repeat: random.pick<CallPlan['repeat']>(['idempotency-key', 'sdk-retry']),
    ...(random.chance(0.15) && { abortMs: random.whole(0, 400) }),
  } as const
  const delayMs = random.chance(0.3) ? 0 : random.whole(1, 350)
  const kind = random.next()
  if (kind < 0.08) return { ...common, operation: 'generate', model: JOB_MODEL, n: random.whole(1, 2), scripts: {} }
  if (kind < 0.3) return failingCall(random, common, delayMs)
  const steady = { delayMs, ...(random.chance(0.3) && { imageBytes: random.whole(20_000, 900_000) }) }
  const scripts = { steady, spare: steady, single: steady }
  if (kind < 0.45) {
    const partials = random.whole(0, 2)
    return { ...common, operation: 'generate', model: 'acme/steady', n: 1, partials, scripts }
  }
  if (kind < 0.6) return { ...common, operation: 'edit', model: 'acme/steady', n: random.whole(1, 2), scripts }
  // `single` makes one picture a call, so more of them are split.
  if (kind < 0.8) return { ...common, operation: 'generate', model: 'acme/single', n: random.whole(2, 4), scripts }
  const missing = random.chance(0.1) ? { missing: 1 } : {}
  return {
    ...common,
    operation: 'generate',
    model: 'acme/steady',
    n: 2,
    scripts: { ...scripts, steady: { ...steady, ...missing } },
  }
}

function failingCall(
  random: Random,
  common: Pick<CallPlan, 'prompt' | 'node' | 'startMs' | 'repeat'>,
  delayMs: number,
): CallPlan {
  const index = random.whole(0, shakyModels.length - 1)
  const shaky = shakyModels[index] ?? shakyModels[0]
  const broken: DoubleScript = random.chance(0.5)
    ? { delayMs, status: random.pick([500, 429, 400, 503]) }
    : { delayMs, fault: random.pick(ambiguous) }
  return {
    ...common,
    operation: 'generate',
    // A route goes on to the spare offer: always, or only where nothing was billed; or there is no other offer.
    model: random.pick([`careful-${index}`, `insistent-${index}`, `acme/${shaky}`]),
    n: random.whole(1, 2),
    scripts: { [shaky]: broken, spare: { delayMs } },
  }
}

function planEndings(random: Random, nodes: number): readonly Ending[] {
  const victims = new Set<number>([random.whole(0, nodes - 1)])
  for (let node = 0; node < nodes; node++) if (random.chance(0.3)) victims.add(node)
  return [...victims].map((node) => {
    const kind = random.chance(0.15) ? 'drain' : nodes > 1 && random.chance(0.12) ? 'pause' : 'kill'
    const startKills = random.chance(0.3) ? Array.from({ length: random.whole(1, 2) }, () => random.next() * 1.1) : []
    return { node, kind, moment: planMoment(random), startKills }
  })
}

/** Half of the kills fall anywhere; the others right after something happened, where the narrow windows are. */
function planMoment(random: Random): Moment {
  if (random.chance(0.5)) return { kind: 'time', ms: random.whole(0, WINDOW_MS + 400) }
  const event = random.pick<CrashEvent>(['received', 'billed', 'delivered', 'answered'])
  return { kind: 'event', event, nth: random.whole(1, 4), afterMs: random.chance(0.5) ? 0 : random.whole(1, 8) }
}
