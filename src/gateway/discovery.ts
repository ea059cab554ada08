/** Offers of servers that say themselves what they serve: asked at start and now and then, the last answer kept. */
import type { Offer } from '../core/offer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Provider } from '../ports/provider.ts'
import type { GatewayLog } from './state.ts'

export interface DiscoveryStatus {
  /** Of the last answer that was understood; none before the first. */
  readonly offers: readonly Offer[]
  /** When the server was last asked, microseconds. */
  readonly askedUs: number
  /** Why the last question brought nothing; the offers before stay in force. */
  readonly problem?: string
}

/** By provider name; only of providers that can be asked. */
export type Discovered = ReadonlyMap<string, DiscoveryStatus>

/** Ask every provider that can be asked, side by side. Never rejects. */
export async function discoverOffers(
  providers: Iterable<Provider>,
  before: Discovered,
  clock: Pick<Clock, 'nowUs'>,
  signal: AbortSignal,
): Promise<Discovered> {
  const asked = [...providers].flatMap(({ name, discover }) => {
    if (!discover) return []
    return [discover(signal).then((answer) => ({ name, answer }))]
  })
  return new Map(
    (await Promise.all(asked)).map(({ name, answer }) => {
      const askedUs = clock.nowUs()
      if (answer.ok) return [name, { offers: answer.offers, askedUs }]
      return [name, { offers: before.get(name)?.offers ?? [], askedUs, problem: answer.message }]
    }),
  )
}

/** What a provider offers now. */
export const offersOf = (provider: Provider, discovered: Discovered): readonly Offer[] =>
  discovered.get(provider.name)?.offers ?? provider.offers

const sameOffers = (one: Discovered, other: Discovered): boolean =>
  JSON.stringify([...one].map(([name, { offers }]) => [name, offers])) ===
  JSON.stringify([...other].map(([name, { offers }]) => [name, offers]))

export interface DiscoveryOptions {
  readonly clock: Clock
  readonly log: GatewayLog
  readonly everyMs?: number
  /** What is in force now. */
  current(): { readonly providers: ReadonlyMap<string, Provider>; readonly discovered: Discovered }
  /** Take over what was found; `changed`: offers came, went or can do something else. */
  onAnswer(discovered: Discovered, changed: boolean): Promise<void>
}

const EVERY_MS = 60_000

/** Ask again and again; a server that gets another model offers it within a minute. */
export function startDiscovery({ clock, log, everyMs = EVERY_MS, current, onAnswer }: DiscoveryOptions): {
  close(): Promise<void>
} {
  const stop = new AbortController()
  const loop = (async () => {
    for (;;) {
      await clock.sleep(everyMs, stop.signal).catch(() => undefined)
      if (stop.signal.aborted) return
      const { providers, discovered } = current()
      const found = await discoverOffers(providers.values(), discovered, clock, stop.signal)
      if (found.size === 0 || stop.signal.aborted) continue
      await onAnswer(found, !sameOffers(discovered, found)).catch((err: unknown) =>
        log.error({ err }, 'found models could not be taken over; they are looked for again'),
      )
    }
  })()
  return {
    async close() {
      stop.abort()
      await loop
    },
  }
}
