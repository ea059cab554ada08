/**
 * How soon the router changes its choice once a change of price can be seen. Only changes to or away from the model whose price it is are answers to
 * it: in the same hours the plan of the month and what is learned of refusals move other requests for their own reasons.
 */
import type { FullPlan } from '../../src/core/simulation/engine.ts'
import { BILLING_LAG_US, HOUR_US } from '../../src/core/simulation/time.ts'
import type { Arrival } from '../../src/core/simulation/workload.ts'
import type { World } from '../../src/core/simulation/world.ts'

export interface RecoveryLog {
  chosen(arrival: Arrival, plan: FullPlan, nowUs: number): void
  /** Requests of one kind from the first that could know to the first that was sent to the new choice; one entry per kind and change. */
  requests(): readonly number[]
}

const WINDOW_US = 12 * HOUR_US
const LEAST_REQUESTS = 8

interface Kind {
  readonly before: Map<string, number>
  readonly after: string[]
}

/** Requests of one kind have the same class, floor and topic. What was chosen in the second half of the next 12 hours is the new choice. */
export function createRecoveryLog({ events, deployments }: World): RecoveryLog {
  const models = new Map(deployments.map(({ offer }) => [offer.id, offer.model]))
  const changes = events.priceChanges.map(({ atUs, model }) => ({
    model,
    seenUs: atUs + BILLING_LAG_US,
    kinds: new Map<string, Kind>(),
  }))
  return {
    chosen({ template }, plan, nowUs) {
      for (const { seenUs, kinds } of changes) {
        if (nowUs < seenUs - WINDOW_US || nowUs >= seenUs + WINDOW_US) continue
        const key = `${template.classIndex}/${plan.policy.floor}/${template.features.promptClass}`
        const kind = kinds.get(key) ?? { before: new Map<string, number>(), after: [] }
        kinds.set(key, kind)
        const offer = plan.attempts[0].candidate.offer.id
        if (nowUs >= seenUs) kind.after.push(offer)
        else kind.before.set(offer, (kind.before.get(offer) ?? 0) + 1)
      }
    },
    requests: () =>
      changes.flatMap(({ model, kinds }) =>
        [...kinds.values()].flatMap(({ before, after }) => {
          const late = new Map<string, number>()
          for (const offer of after.slice(Math.floor(after.length / 2))) late.set(offer, (late.get(offer) ?? 0) + 1)
          const [old, next] = [commonest(before), commonest(late)]
          if (after.length < LEAST_REQUESTS || old === undefined || next === undefined || old === next) return []
          if (models.get(old) !== model && models.get(next) !== model) return []
          return [after.indexOf(next) + 1]
        }),
      ),
  }
}

/** What was chosen by more than half. */
function commonest(counts: ReadonlyMap<string, number>): string | undefined {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return [...counts].find(([, count]) => count > total / 2)?.[0]
}
