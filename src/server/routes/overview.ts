/** The state of the money now, as it stands beside every page. */
import { periodStartUs } from '../../core/budget/period.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import type { Ledger, SumsQuery } from '../../ports/ledger.ts'
import { callerIdentity, type Handler } from '../handler.ts'
import { reachFilter } from '../view.ts'
import { budgetStates, spendsNothing } from './budgets.ts'
import { acceptanceWire } from './feedback.ts'

const DAY_US = 86_400_000_000

export const overview: Handler = async (call) => {
  const { ledger, clock } = call.context.services
  const sandbox = spendsNothing(call.context)
  const within = reachFilter(callerIdentity(call))
  const nowUs = clock.nowUs()
  const today = periodStartUs('day', nowUs)
  const since = (fromUs: number) => sumsOf(ledger, { fromUs, toUs: today + DAY_US, sandbox }, within)
  const [ofToday, ofMonth, running, budgets] = await Promise.all([
    since(today),
    since(periodStartUs('month', nowUs)),
    ledger.read.running({ sandbox, ...within }),
    budgetStates(call),
  ])
  return {
    object: 'overview',
    today_usd: formatUsd(ofToday.costNanoUsd),
    month_usd: formatUsd(ofMonth.costNanoUsd),
    held_usd: formatUsd(running.heldNanoUsd),
    unknown_usd: formatUsd(ofMonth.provisionalNanoUsd),
    requests_today: ofToday.requests + running.requests,
    images_today: ofToday.images,
    sandbox,
    budgets,
    acceptance: await acceptanceWire(call.context, { sandbox, ...within }),
  }
}

/** Stored sums of whole days, narrowed to one's reach: this is asked beside every page, and must not read the requests. */
async function sumsOf(
  ledger: Ledger,
  span: Pick<SumsQuery, 'fromUs' | 'toUs' | 'sandbox'>,
  { projectId, keyId }: ReturnType<typeof reachFilter>,
) {
  const filters = [
    ...(projectId === undefined ? [] : [{ dimension: 'project', values: [projectId] } as const]),
    ...(keyId === undefined ? [] : [{ dimension: 'key', values: [keyId] } as const]),
  ]
  const dimensions = filters.length > 0 ? filters.map(({ dimension }) => dimension) : (['kind'] as const)
  const found = await ledger.insight.sums({ ...span, grain: 'none', dimensions, filters })
  if (!found) throw new HalftoneError('internal_error', `There are no sums by ${dimensions.join(' and ')}.`)
  const total = { costNanoUsd: 0n, provisionalNanoUsd: 0n, requests: 0, images: 0 }
  for (const { sums } of found.cells) {
    total.costNanoUsd += sums.costNanoUsd
    total.provisionalNanoUsd += sums.provisionalNanoUsd
    total.requests += sums.requests
    total.images += sums.images
  }
  return total
}
