/** The report of a route on trial. */
import type { z } from 'zod'
import type { ObservationReport, observationQuery } from '../../contract/observe.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { observedName, type Words } from '../../core/routing/index.ts'
import type { Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

const DAY_US = 86_400_000_000

/** As `gateway/observe.ts` stored it. */
interface Stored {
  readonly arm: 'observed' | 'routed'
  readonly named: StoredChoice | null
  readonly routed: StoredChoice | null
}
interface StoredChoice {
  readonly offer: string
  readonly quality: string | null
  readonly expectedUsd: string
}

export const observeRoute: Handler = async ({ context, params, query }): Promise<ObservationReport> => {
  const { services, gateway } = context
  const { days } = query as z.infer<typeof observationQuery>
  const name = params['route'] ?? ''
  const observing = context.current().routes.get(name)?.observe
  if (!observing) {
    throw new HalftoneError('not_found', `"${name.slice(0, 64)}" is no route of mode observe.`, { param: 'route' })
  }
  const sinceUs = Math.max(services.clock.nowUs() - days * DAY_US, observing.sinceUs)
  const sums = new Sums()
  for await (const { decision, images, costNanoUsd } of services.ledger.read.observations({
    routes: [name, observedName(name)],
    sinceUs,
  })) {
    sums.add(decision['observation'] as Stored | undefined, images, costNanoUsd)
  }
  const { routed, observed, rolledBack } = await gateway.trialOf(name, observing)
  return {
    object: 'observation',
    route: name,
    observes: observing.model,
    since: isoTime(sinceUs),
    fraction: observing.fraction,
    rolled_back: rolledBack,
    ...sums.wire(),
    routed: wordsWire(routed),
    observed: wordsWire(observed),
  }
}

class Sums {
  calls = 0
  routedCalls = 0
  withoutChoice = 0
  images = 0
  spent = 0n
  readonly choices = new Map<string, { readonly choice: StoredChoice; calls: number; named: bigint; routed: bigint }>()

  add(stored: Stored | undefined, images: number, costNanoUsd: bigint): void {
    // Of the time before the route was on trial.
    if (!stored) return
    this.calls += 1
    this.images += images
    this.spent += costNanoUsd
    if (stored.arm === 'routed') this.routedCalls += 1
    const { named, routed } = stored
    if (!named || !routed) {
      this.withoutChoice += 1
      return
    }
    const key = `${routed.offer}#${routed.quality ?? ''}`
    const entry = this.choices.get(key) ?? { choice: routed, calls: 0, named: 0n, routed: 0n }
    entry.calls += 1
    entry.named += parseUsd(named.expectedUsd)
    entry.routed += parseUsd(routed.expectedUsd)
    this.choices.set(key, entry)
  }

  wire(): Pick<
    ObservationReport,
    'calls' | 'routed_calls' | 'without_choice' | 'images' | 'spent_usd' | 'named_usd' | 'routed_usd' | 'saved_usd' | 'models'
  > {
    const entries = [...this.choices.values()].sort((a, b) => b.calls - a.calls)
    const named = entries.reduce((sum, entry) => sum + entry.named, 0n)
    const routed = entries.reduce((sum, entry) => sum + entry.routed, 0n)
    return {
      calls: this.calls,
      routed_calls: this.routedCalls,
      without_choice: this.withoutChoice,
      images: this.images,
      spent_usd: formatUsd(this.spent),
      named_usd: formatUsd(named),
      routed_usd: formatUsd(routed),
      saved_usd: formatUsd(named - routed),
      models: entries.map(({ choice, calls, ...sum }) => ({
        offer: choice.offer,
        quality: choice.quality,
        calls,
        named_usd: formatUsd(sum.named),
        routed_usd: formatUsd(sum.routed),
      })),
    }
  }
}

const wordsWire = ({ accepted, rejected }: Words): ObservationReport['routed'] => ({
  accepted,
  rejected,
  acceptance: accepted + rejected > 0 ? Number((accepted / (accepted + rejected)).toFixed(4)) : null,
})
