/** Hot reload of installed prices: told when another set counts. */
import { mkdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { watch } from 'chokidar'
import { currentSetFile } from './price-sets.ts'

export interface PriceWatcher {
  close(): Promise<void>
}

/** Calls `onChange` after `current.json` was replaced, also when that happened while the watch began. Must not throw. */
export async function watchPrices(dataDir: string, onChange: () => void): Promise<PriceWatcher> {
  const file = resolve(currentSetFile(dataDir))
  const folder = dirname(file)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const watcher = watch(folder, { depth: 0, ignoreInitial: true, ignored: (path) => ![folder, file].includes(resolve(path)) })
  watcher.on('all', onChange)
  // A watcher that fails (too many watches) leaves the next start; the process goes on.
  watcher.on('error', () => undefined)
  await new Promise<void>((ready) => watcher.once('ready', ready))
  return { close: () => watcher.close() }
}
