/** The composition root of price work on the ledger of a stopped gateway: the same code, without the server. */
import type { Config } from '../config/index.ts'
import { installBook } from '../config/price-sets.ts'
import type { PriceDraft } from '../core/pricing/draft.ts'
import type { RerateReport } from '../core/pricing/rerate.ts'
import { acceptDraft, rejectDraft, reviewPrices } from '../gateway/price-drafts.ts'
import { type PriceWork, type RerateOptions, rerate } from '../gateway/rerate.ts'
import { openPostgresLedger, openSqliteLedger } from '../storage/index.ts'
import { systemClock } from '../system-clock.ts'
import { buildState } from './state.ts'

export const rerateOffline = (config: Config, options: RerateOptions): Promise<RerateReport> =>
  withWork(config, (work) => rerate(work, options))

export const reviewOffline = (config: Config, signal: AbortSignal): Promise<readonly PriceDraft[]> =>
  withWork(config, (work) => reviewPrices(work, signal))

export const acceptOffline = (config: Config, id: string): Promise<PriceDraft> =>
  withWork(config, (work) =>
    acceptDraft(work, id, (book, note) => {
      const date = new Date(work.nowUs() / 1000).toISOString()
      return installBook(config.storage.dataDir, book, { today: date.slice(0, 10), date, note })
    }),
  )

export const rejectOffline = (config: Config, id: string): Promise<PriceDraft> =>
  withWork(config, (work) => rejectDraft(work, id))

/** Opening brings the schema up to date. Throws `data_dir_locked` while a gateway runs on SQLite. */
async function withWork<T>(config: Config, use: (work: PriceWork) => Promise<T>): Promise<T> {
  const nowUs = (): number => systemClock.nowUs()
  const options = { now: nowUs, declaredTags: config.declaredTags }
  const url = config.storage.databaseUrl?.reveal()
  const { dataDir } = config.storage
  const ledger =
    url === undefined ? await openSqliteLedger({ ...options, dataDir }) : await openPostgresLedger({ ...options, url })
  try {
    const state = await buildState(config, systemClock)
    try {
      return await use({ ledger, state, nowUs })
    } finally {
      await Promise.all([...state.providers.values()].map((provider) => provider.close()))
    }
  } finally {
    await ledger.close()
  }
}
