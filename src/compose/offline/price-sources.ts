import type { Config } from '../../config/index.ts'
import { loadActivePrices } from '../../config/price-sets.ts'
import { isInForce, rateRows } from '../../core/pricing/rate-rows.ts'

export interface PriceSources {
  /** Of the set in use: the newest of the shipped and the installed one. */
  readonly version: string
  readonly origin: 'shipped' | 'installed'
  /** How many price files there are, of the providers asked for. */
  readonly books: number
  /** Rates in force whose source nobody looked at for too long, by provider. */
  readonly stale: readonly {
    readonly provider: string
    readonly rates: number
    readonly checkedAt: string
    readonly ageDays: number
  }[]
  /** The oldest source of a rate in force; undefined without any. */
  readonly oldest: string | undefined
}

/** How old the prices of some providers are. */
export async function priceSources(
  config: Pick<Config, 'storage'>,
  providers: ReadonlySet<string>,
  nowUs: number,
): Promise<PriceSources> {
  const active = await loadActivePrices(config.storage.dataDir)
  const today = new Date(nowUs / 1000).toISOString().slice(0, 10)
  const books = active.books.filter(({ book }) => providers.has(book.provider))
  const rows = books
    .flatMap(({ book }) => rateRows(book, nowUs))
    .filter((row) => isInForce(row, today) && (row.retiredAt === null || today < row.retiredAt))
    .sort((a, b) => b.ageDays - a.ageDays)
  const stale = [...providers].flatMap((provider) => {
    const old = rows.filter((row) => row.provider === provider && row.stale)
    const [oldest] = old
    return oldest ? [{ provider, rates: old.length, checkedAt: oldest.source.checkedAt, ageDays: oldest.ageDays }] : []
  })
  return { version: active.version, origin: active.origin, books: books.length, stale, oldest: rows[0]?.source.checkedAt }
}
