/** What exploring has cost today, by route: read from the ledger at first use, so that a restart does not begin anew. */
import { periodStartUs } from '../core/budget/period.ts'
import type { JsonObject } from '../core/json.ts'
import { formatUsd, parseUsd } from '../core/money.ts'
import { type Explored, explore } from '../core/routing/index.ts'
import type { UsablePlan } from './result.ts'
import type { GatewayServices } from './state.ts'

export interface Explorer {
  /** The plan to run, and what was explored. What it costs more counts from now on. */
  consider(plan: UsablePlan): { readonly plan: UsablePlan; readonly explored?: Explored }
}

interface Day {
  readonly startUs: number
  /** Undefined: the ledger has not told yet, and nothing is explored. */
  spentNanoUsd: bigint | undefined
}

export function createExplorer({
  ledger,
  clock,
  random,
  log,
}: Pick<GatewayServices, 'ledger' | 'clock' | 'random' | 'log'>): Explorer {
  const days = new Map<string, Day>()
  const today = (route: string): Day => {
    const startUs = periodStartUs('day', clock.nowUs())
    const known = days.get(route)
    if (known?.startUs === startUs) return known
    // A day that begins while this node runs begins with nothing; only the first one has a past.
    const day: Day = { startUs, spentNanoUsd: known ? 0n : undefined }
    days.set(route, day)
    if (!known)
      spentSince(ledger, route, startUs).then(
        (spent) => {
          day.spentNanoUsd = spent
        },
        (err: unknown) => {
          days.delete(route)
          log.error({ err, route }, 'what exploring has cost today could not be read; nothing is explored until it can')
        },
      )
    return day
  }
  return {
    consider(plan) {
      const { explore: policy, route } = plan.policy
      if (!policy) return { plan }
      const day = today(route)
      if (day.spentNanoUsd === undefined) return { plan }
      const found = explore(plan, { random: random(), leftNanoUsd: policy.maxExtraNanoUsdPerDay - day.spentNanoUsd })
      if (!found) return { plan }
      day.spentNanoUsd += found.explored.extraNanoUsd
      return found
    },
  }
}

async function spentSince({ read }: GatewayServices['ledger'], route: string, sinceUs: number): Promise<bigint> {
  let spent = 0n
  for await (const { decision } of read.observations({ routes: [route], sinceUs })) {
    const explored = decision['explored'] as { readonly extraUsd: string } | undefined
    if (explored) spent += parseUsd(explored.extraUsd)
  }
  return spent
}

export const exploredToJson = ({ offer, insteadOf, extraNanoUsd, observations }: Explored): JsonObject => ({
  offer,
  insteadOf,
  extraUsd: formatUsd(extraNanoUsd),
  observations: Number(observations.toFixed(1)),
})
