/** Hot reload of installed prices: told when another set counts. */
import { currentSetFile } from './price-sets.ts'
import { watchFile } from './watch-file.ts'

export interface PriceWatcher {
  /** Calls `listener` after another set was installed, also when that happened since the watch began. It must not throw. */
  tell(listener: () => void): void
  close(): Promise<void>
}

/** Begin before the prices are read: what is installed after that is told. */
export async function watchPrices(dataDir: string): Promise<PriceWatcher> {
  let changed = false
  let listener = (): void => {
    changed = true
  }
  const watch = watchFile({ file: currentSetFile(dataDir), onChange: () => listener() })
  await watch.ready()
  return {
    tell(told) {
      listener = told
      if (changed) told()
    },
    close: () => watch.close(),
  }
}
