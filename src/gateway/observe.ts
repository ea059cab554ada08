/** Routes on trial: which part of the requests they serve, what they would have done with the rest, and when they step back. */
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import {
  type Arm,
  isWorse,
  type Observation,
  type Observing,
  observedName,
  type PlannedAttempt,
  type Policy,
  type Words,
} from '../core/routing/index.ts'
import { policyOf } from './decide.ts'
import type { GatewayServices, GatewayState } from './state.ts'

/** How long what was said about the two parts is taken for granted. */
const LOOK_AGAIN_MS = 30_000

export interface Trial {
  readonly routed: Words
  readonly observed: Words
  /** The routed part was accepted less often: everything goes to the named model again. */
  readonly rolledBack: boolean
}

/** How a request is served, and what it is compared with. */
export interface Watched {
  readonly policy: Policy
  /** Absent: no route watches it. */
  readonly trial?: {
    readonly route: string
    readonly observing: Observing
    readonly arm: Arm
    readonly other: Policy | undefined
  }
}

export interface Observers {
  /** The policy of a model. Throws as `policyOf` does. */
  watch(model: string, state: GatewayState, nowUs: number): Promise<Watched>
  /** How the parts of a route are doing, read anew. */
  trialOf(route: string, observing: Observing): Promise<Trial>
}

type ObserveServices = Pick<GatewayServices, 'ledger' | 'clock' | 'random' | 'log'>

export function createObservers({ ledger, clock, random, log }: ObserveServices): Observers {
  const looks = new Map<string, { readonly atMs: number; readonly sinceUs: number; readonly trial: Trial }>()

  const wordsOf = async (route: string, sinceUs: number): Promise<Words> => {
    const sums = await Promise.all([false, true].map((sandbox) => ledger.feedback.acceptance({ sinceUs, sandbox, route })))
    const total = (key: 'accepted' | 'rejected'): number => sums.reduce((sum, each) => sum + each[key], 0) / 1_000
    return { accepted: total('accepted'), rejected: total('rejected') }
  }

  async function trialOf(route: string, { sinceUs }: Observing): Promise<Trial> {
    const [routed, observed] = await Promise.all([wordsOf(route, sinceUs), wordsOf(observedName(route), sinceUs)])
    const trial = { routed, observed, rolledBack: isWorse(routed, observed) }
    if (trial.rolledBack && !looks.get(route)?.trial.rolledBack)
      log.warn(
        { route, routed, observed },
        'a route on trial is accepted less often than the model it observes; it serves nothing any more',
      )
    looks.set(route, { atMs: clock.monotonicMs(), sinceUs, trial })
    return trial
  }

  async function armOf(route: string, observing: Observing): Promise<Arm> {
    if (observing.fraction === 0) return 'observed'
    const look = looks.get(route)
    const isFresh = look && look.sinceUs === observing.sinceUs && clock.monotonicMs() - look.atMs < LOOK_AGAIN_MS
    const { rolledBack } = isFresh ? look.trial : await trialOf(route, observing)
    return !rolledBack && random() < observing.fraction ? 'routed' : 'observed'
  }

  return {
    trialOf,
    async watch(model, state, nowUs) {
      const route = watcherOf(model, state)
      if (!route?.observe) return { policy: policyOf(model, state, nowUs) }
      const arm = await armOf(route.route, route.observe)
      const named = namedPolicy(route, route.observe, state, nowUs, arm)
      const [policy, other] = arm === 'routed' || !named ? [route, named] : [named, route]
      return { policy, trial: { route: route.route, observing: route.observe, arm, other } }
    },
  }
}

/** The route that is named itself, or that watches for just this model. */
function watcherOf(model: string, { routes }: GatewayState): Policy | undefined {
  const own = routes.get(model)
  if (own) return own
  for (const route of routes.values()) if (route.observe?.model === model) return route
  return undefined
}

/** As if nobody watched; a key that may use the route may use what it watches. Where it cannot be found only its own requests fail. */
function namedPolicy(route: Policy, { model }: Observing, state: GatewayState, nowUs: number, arm: Arm): Policy | undefined {
  try {
    return { ...policyOf(model, state, nowUs), route: route.route }
  } catch (error) {
    if (arm === 'observed') throw error
    return undefined
  }
}

/** As the decision keeps it; the report reads it. */
export function observationToJson(observes: string, { arm, named, routed }: Observation): JsonObject {
  return { arm, observes, named: attemptToJson(named), routed: attemptToJson(routed) }
}

const attemptToJson = (attempt: PlannedAttempt | undefined): JsonObject | null =>
  attempt
    ? {
        offer: attempt.candidate.offer.id,
        quality: attempt.candidate.settings.quality ?? null,
        expectedUsd: formatUsd(attempt.total.expectedNanoUsd),
      }
    : null
