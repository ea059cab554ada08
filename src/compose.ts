/** The composition root: the one place that knows everything. Its parts, in the order in which they open, are in `compose/`. */
import { type Base, type OnClose, openBase, type StartOptions } from './compose/base.ts'
import { createServerContext } from './compose/context.ts'
import type { AdminKey } from './compose/data.ts'
import { openGateway, type RunningGateway } from './compose/gateway.ts'
import { closeProviders, type InForce, openInForce } from './compose/in-force.ts'
import { providerKnowledge } from './compose/modules.ts'
import { type Reloads, startReloads } from './compose/reload.ts'
import { bannerOf, listeningUrl } from './compose/server.ts'
import { openStores } from './compose/stores.ts'
import { type Config, formatProblem, type LoadedConfig, loadConfig } from './config/index.ts'
import { startDiscovery } from './gateway/discovery.ts'
import { createApp } from './server/app.ts'
import { closeServer } from './server/close-server.ts'
import type { ServerContext } from './server/context.ts'

export type { StartOptions } from './compose/base.ts'

export interface Halftone {
  /** Where it listens. */
  readonly url: string
  readonly adminKey: AdminKey
  readonly config: Config
  /** Lines for a person: what it spends, what is missing. */
  readonly banner: readonly string[]
  /** Stop accepting, let running requests finish within the drain time, close everything. */
  close(): Promise<void>
}

/** Start a gateway: read the configuration, open the ledger, recover, listen. Rejects with a `HalftoneError` or the system's. */
export async function startHalftone(options: StartOptions): Promise<Halftone> {
  const loaded = await loadConfig({ ...options, ...providerKnowledge })
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0)) await each()
  }
  try {
    return { ...(await start(options, loaded, (closer) => closers.unshift(closer))), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function start(options: StartOptions, loaded: LoadedConfig, onClose: OnClose): Promise<Omit<Halftone, 'close'>> {
  const base = await openBase(options, loaded, onClose)
  const stores = await openStores(base)
  const inForce = await openInForce(base)
  const running = await openGateway(base, stores, inForce)
  const server = createServerContext({ base, stores, inForce, running })
  const url = await listen(base, running, server)
  const reloads = startReloads({
    load: { ...options, ...providerKnowledge },
    loaded,
    prices: inForce.prices,
    log: base.log,
    problems: running.problems,
    swap: (changed, what) => putInForce({ base, inForce, running, server }, changed, what),
  })
  onClose(() => reloads.close())
  keepDiscovering(base, inForce, reloads)
  const { adminKey, config } = base
  return {
    url,
    adminKey,
    config,
    banner: [...bannerOf(config, inForce.state()), ...loaded.warnings.map(formatProblem)],
  }
}

async function listen(
  { config, log, onClose }: Base,
  { gateway, problems }: RunningGateway,
  server: ServerContext,
): Promise<string> {
  const app = await createApp(server)
  await app.listen({ host: config.server.host, port: config.server.port })
  onClose(async () => {
    problems.add('this node is shutting down')
    const left = await gateway.drain(config.server.drainSeconds * 1_000)
    if (left > 0) log.warn({ left }, 'requests were still running at the end of the drain time; the next start recovers them')
    await closeServer(app)
  })
  return listeningUrl(app, config)
}

function keepDiscovering({ clock, log, onClose }: Base, inForce: InForce, reloads: Reloads): void {
  const discovery = startDiscovery({
    clock,
    log,
    current: inForce.state,
    async onAnswer(discovered, changed) {
      if (changed) await reloads.again('a server offers other models')
      else inForce.discovered(discovered)
    },
  })
  onClose(() => discovery.close())
}

interface Started {
  readonly base: Base
  readonly inForce: InForce
  readonly running: RunningGateway
  readonly server: ServerContext
}

/** All or nothing: what follows from the new configuration is complete before the old one is let go. */
async function putInForce({ base, inForce, running, server }: Started, changed: Config, what: string): Promise<void> {
  const { log } = base
  const { services, budgets, monthPlan } = running
  await inForce.replace(changed, {
    prepare: () => budgets.refresh(),
    changed(before) {
      server.keys.forget()
      server.sessions.forget()
      // What was admitted keeps its provider until it ends; the next change does not wait for that.
      services.holds
        .free(before.providers)
        .then(() => closeProviders(before))
        .catch((err: unknown) => log.warn({ err }, 'the connections of the configuration before could not be closed'))
    },
  })
  log.info({ prices: inForce.state().priceSet.label }, what)
  try {
    await services.purchases.sync()
    await monthPlan.refresh()
  } catch (err) {
    // They are worked out again every now and then, also when this once they cannot be.
    log.error({ err }, 'volumes, lots or the plan of the month could not be worked out after a change of the configuration')
  }
}
