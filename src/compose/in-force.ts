/** What is in force now: the configuration, and the gateway's state made of it. It changes whole, or not at all. */
import { type Config, secretsOf } from '../config/index.ts'
import { type PriceWatcher, watchPrices } from '../config/watch-prices.ts'
import type { Discovered } from '../gateway/discovery.ts'
import { keepBooks } from '../gateway/rerate.ts'
import { routeStateOf, startRouteFeed } from '../gateway/routes.ts'
import type { GatewayState } from '../gateway/state.ts'
import type { ServerSettings } from '../server/context.ts'
import type { Base } from './base.ts'
import { applyManagedObjects } from './ledger.ts'
import { readRoute } from './routes.ts'
import { serverSettings } from './server.ts'
import { buildState } from './state.ts'

export interface InForce {
  readonly state: () => GatewayState
  readonly config: () => Config
  readonly settings: () => ServerSettings
  readonly prices: PriceWatcher
  /** Look at the stored routes again, after a change of them. */
  refreshRoutes(): Promise<void>
  /** What servers said of themselves, when it changes no offer. */
  discovered(found: Discovered): void
  /** Put a configuration in force, whole or not at all. */
  replace(changed: Config, following: Following): Promise<void>
}

/** What else changes with the configuration. */
export interface Following {
  /** Its objects are in the ledger; this may still fail. */
  prepare(): Promise<void>
  /** It is in force. Called at once: nothing runs between the change and this. The connections of `before` are the caller's to close. */
  changed(before: GatewayState): void
}

export async function openInForce(base: Base): Promise<InForce> {
  const { clock, log, ledger, telemetry, hide, onClose } = base
  const books = { ledger, nowUs: () => clock.nowUs() }
  let config = base.config
  let settings = serverSettings(config)
  const prices = await watchPrices(config.storage.dataDir)
  onClose(() => prices.close())
  let state = await buildState(config, clock, undefined, telemetry?.tracer)
  const routes = await startRouteFeed({
    ledger,
    clock,
    log,
    onChange(stored) {
      state = { ...state, ...routeStateOf(state, stored, readRoute) }
    },
  })
  onClose(() => routes.close())
  state = { ...state, ...routeStateOf(state, routes.current(), readRoute) }
  await keepBooks(books, state.priceSet)
  onClose(() => closeProviders(state))
  return {
    state: () => state,
    config: () => config,
    settings: () => settings,
    prices,
    refreshRoutes: () => routes.refresh(),
    discovered(found) {
      state = { ...state, discovered: found }
    },
    async replace(changed, following) {
      hide(secretsOf(changed))
      const next = await buildState(changed, clock, state, telemetry?.tracer)
      const before = state
      try {
        await keepBooks(books, next.priceSet)
        await applyManagedObjects(changed, ledger)
        await following.prepare()
      } catch (error) {
        await closeProviders(next)
        throw error
      }
      // Nothing is waited for from here to the end of the change. Routes may have changed while the rest was built.
      state = { ...next, ...routeStateOf(next, routes.current(), readRoute) }
      config = changed
      settings = serverSettings(changed)
      following.changed(before)
    },
  }
}

export async function closeProviders(state: GatewayState): Promise<void> {
  await Promise.all([...state.providers.values()].map((provider) => provider.close()))
}
