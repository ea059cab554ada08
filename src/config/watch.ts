/** Hot reload: a changed file becomes a new snapshot as a whole, or changes nothing. */
import { createHash } from 'node:crypto'
import { basename, resolve } from 'node:path'
import { DEFAULT_CONFIG_FILE, type LoadedConfig, type LoadOptions, loadConfig } from './load.ts'
import { ConfigError } from './problem.ts'
import { Secret } from './secret.ts'
import type { Config } from './types.ts'
import { type FileWatchOptions, watchFile } from './watch-file.ts'

/** What a running process cannot change; a reload keeps the old value and names the key. */
export const restartKeys = ['server.host', 'server.port', 'storage.dataDir', 'storage.databaseUrl', 'storage.blobs'] as const
export type RestartKey = (typeof restartKeys)[number]

export type Reload =
  /** In force from now on. `needRestart`: keys whose new value waits for the next start. */
  | { readonly kind: 'changed'; readonly loaded: LoadedConfig; readonly needRestart: readonly RestartKey[] }
  | { readonly kind: 'unchanged' }
  /** The old snapshot stays. */
  | { readonly kind: 'failed'; readonly error: unknown }

export interface ConfigWatcher {
  /** The snapshot in force. */
  current(): LoadedConfig
  /** Read the file now (SIGHUP). Never rejects; concurrent calls run one after the other. */
  reload(): Promise<Reload>
  /** Resolves when changes of the file are seen. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface WatchOptions {
  readonly load: LoadOptions
  /** What the process runs with. */
  readonly loaded: LoadedConfig
  /** Told of every reload that changed something, failed, or ended a failure. Must not throw. */
  readonly onReload: (reload: Reload) => void
  readonly times?: Pick<FileWatchOptions, 'everyMs' | 'settleMs'>
}

/** Watch the configuration file, or the place where it would be. */
export function watchConfig({ load, loaded, onReload, times }: WatchOptions): ConfigWatcher {
  let current = loaded
  let lastFailure = ''
  let pending: readonly RestartKey[] = []
  let tail: Promise<unknown> = Promise.resolve()
  const file = loaded.file ?? resolve(load.cwd, load.flags?.config ?? load.env['HALFTONE_CONFIG'] ?? DEFAULT_CONFIG_FILE)

  const reloadOnce = async (): Promise<Reload> => {
    const reload = await attemptReload({ load, current, pending, file })
    if (reload.kind === 'changed') {
      current = reload.loaded
      lastFailure = ''
      pending = reload.needRestart
      onReload(reload)
    } else if (reload.kind === 'failed') {
      const failure = String(reload.error)
      if (failure !== lastFailure) onReload(reload)
      lastFailure = failure
    } else {
      // Mended back to what is in force: that, too, ends the failure.
      if (lastFailure !== '') onReload(reload)
      lastFailure = ''
    }
    return reload
  }
  const reload = (): Promise<Reload> => {
    const next = tail.then(reloadOnce)
    tail = next
    return next
  }

  const watch = watchFile({ file, onChange: () => void reload(), ...times })
  // What changed between the first reading and the first look would not be seen otherwise.
  const becameReady = watch.ready().then(async () => void (await reload()))

  return {
    current: () => current,
    reload,
    ready: () => becameReady,
    async close() {
      await watch.close()
      await tail
    },
  }
}

interface Attempt {
  readonly load: LoadOptions
  readonly current: LoadedConfig
  /** Keys already reported as waiting for a restart. */
  readonly pending: readonly RestartKey[]
  readonly file: string
}

async function attemptReload({ load, current, pending, file }: Attempt): Promise<Reload> {
  try {
    const next = await loadConfig(load)
    if (current.file !== undefined && next.file === undefined) {
      const gone = {
        source: basename(file),
        path: '',
        message: 'is gone',
        remedy: 'Put it back; the last configuration stays in force.',
      }
      return { kind: 'failed', error: new ConfigError([gone]) }
    }
    const { config, needRestart } = keepRestartKeys(current.config, next.config)
    const changed = needRestart.join() !== pending.join() || fingerprint(config) !== fingerprint(current.config)
    return changed ? { kind: 'changed', loaded: { ...next, config }, needRestart } : { kind: 'unchanged' }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** `next` with what cannot change while running taken from `running`, and the keys for which that made a difference. */
function keepRestartKeys(running: Config, next: Config): { config: Config; needRestart: readonly RestartKey[] } {
  const plain = (value: unknown): unknown => {
    if (value instanceof Secret) return value.reveal()
    return typeof value === 'object' && value !== null ? JSON.stringify(value, revealed) : value
  }
  const at = (config: Config, key: RestartKey): unknown =>
    plain(key.split('.').reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], config))
  const needRestart = restartKeys.filter((key) => at(running, key) !== at(next, key))
  const { databaseUrl: _, blobs: __, ...storage } = next.storage
  const { dataDir, databaseUrl, blobs } = running.storage
  const config: Config = Object.freeze({
    ...next,
    server: Object.freeze({ ...next.server, host: running.server.host, port: running.server.port }),
    storage: Object.freeze({ ...storage, dataDir, ...(databaseUrl ? { databaseUrl } : {}), ...(blobs ? { blobs } : {}) }),
  })
  return { config, needRestart }
}

/** Equal exactly when the configurations are, secrets included; a hash, so that no secret is kept twice. */
function fingerprint(config: Config): string {
  return createHash('sha256').update(JSON.stringify(config, revealed)).digest('hex')
}

/** What tells two values apart, as JSON has it. */
function revealed(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key]
  if (original instanceof Secret) return `secret ${original.reveal()}`
  return typeof value === 'bigint' ? value.toString() : value
}
