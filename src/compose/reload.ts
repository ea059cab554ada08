/** What changes while the process runs: the configuration file, installed prices, what a server offers. */
import { type Config, type LoadedConfig, type LoadOptions, watchConfig } from '../config/index.ts'
import type { PriceWatcher } from '../config/watch-prices.ts'
import type { GatewayLog } from '../gateway/state.ts'

const PRICE_PROBLEM = 'the installed prices cannot be used; the ones before stay in force'
const RELOAD_PROBLEM = 'the changed configuration is not valid; the old one stays in force'

const READ_AGAIN = 'the configuration was read again'

export interface ReloadOptions {
  readonly load: LoadOptions
  readonly loaded: LoadedConfig
  readonly prices: PriceWatcher
  readonly log: GatewayLog
  /** Shown by `/readyz` and the dashboard for as long as they last. */
  readonly problems: Set<string>
  /** Puts a configuration in force, whole or not at all. Never called while a call is running. */
  readonly swap: (config: Config, what: string) => Promise<void>
}

export interface Reloads {
  /** The same configuration again, because what it leads to has changed. */
  again(what: string): Promise<void>
  close(): Promise<void>
}

/** Puts each change in force, one after the other, and keeps what was in force when one fails. SIGHUP reads the file at once. */
export function startReloads({ load, loaded, prices, log, problems, swap }: ReloadOptions): Reloads {
  let tail: Promise<unknown> = Promise.resolve()
  // Two at a time would each build on the state before, and the older one could win.
  const inTurn = (config: () => Config, what: string): Promise<void> => {
    const next = tail.then(() => swap(config(), what))
    tail = next.catch(() => undefined)
    return next
  }
  // The newest configuration that could be read is not the file's as long as that is wrong.
  let isFileWrong = false
  let isNewestInForce = true
  const put = (config: () => Config, what: string, problem: string): void => {
    inTurn(config, what).then(
      () => {
        isNewestInForce = true
        if (!isFileWrong) problems.delete(RELOAD_PROBLEM)
        problems.delete(PRICE_PROBLEM)
      },
      (err: unknown) => {
        if (problem === RELOAD_PROBLEM) isNewestInForce = false
        problems.add(problem)
        log.error({ err }, problem)
      },
    )
  }
  const file = watchConfig({
    load,
    loaded,
    onReload(reload) {
      isFileWrong = reload.kind === 'failed'
      if (reload.kind === 'failed') {
        problems.add(RELOAD_PROBLEM)
        log.error({ err: reload.error }, RELOAD_PROBLEM)
      }
      // Back to what was read last, which may have been refused.
      if (reload.kind === 'unchanged') {
        if (isNewestInForce) problems.delete(RELOAD_PROBLEM)
        else put(newest, READ_AGAIN, RELOAD_PROBLEM)
      }
      if (reload.kind === 'changed') {
        if (reload.needRestart.length > 0) log.warn({ keys: reload.needRestart }, 'these changes wait for the next start')
        put(() => reload.loaded.config, READ_AGAIN, RELOAD_PROBLEM)
      }
    },
  })
  const newest = (): Config => file.current().config
  prices.tell(() => put(newest, 'other prices are in use', PRICE_PROBLEM))
  process.on('SIGHUP', file.reload)
  return {
    again: (what) => inTurn(newest, what),
    async close() {
      process.off('SIGHUP', file.reload)
      await file.close()
      await tail
    },
  }
}
