/** Where prices come from: each source names a page, official ones a page of the provider, and none is old. */
import { DAY_US, dateUs } from './dates.ts'
import type { Finding, LintInput, NamedBook } from './lint.ts'
import type { PriceBook, Source } from './price-book.ts'
import { STALE_AFTER_DAYS } from './summary.ts'

interface Used {
  readonly place: string
  readonly source: Source
  /** Priced by it and still sold. */
  current: number
}

export function checkSources({ name, book }: NamedBook, { ownHosts, today }: LintInput, findings: Finding[]): void {
  const own = ownHosts[book.provider] ?? []
  for (const { place, source, current } of sourcesOf(name, book, today)) {
    const add = (rule: Finding['rule'], severity: Finding['severity'], message: string) =>
      findings.push({ rule, severity, place, message })
    const invented = source.kind === 'assumption' || source.kind === 'derived'
    if (!invented && locationOf(source.url) === undefined) add('source', 'error', `"${source.url}" is not a web address.`)
    if (source.checkedAt.slice(0, 10) > today)
      add('source', 'error', `was checked on ${source.checkedAt}, which is still to come.`)
    if (source.kind === 'official' && !isOwn(source.url, own)) {
      const known = own.length > 0 ? own.join(', ') : 'none known'
      add('official', 'error', `${source.url} is not a page of ${book.provider} (${known}); name one, or say secondary.`)
    }
    const ageDays = ((dateUs(today) ?? 0) - (dateUs(source.checkedAt) ?? 0)) / DAY_US
    if (current > 0 && ageDays > STALE_AFTER_DAYS) {
      add(
        'stale',
        'warning',
        `${rateCount(current)} last checked ${Math.floor(ageDays)} days ago, on ${source.checkedAt}: ${source.url}`,
      )
    }
  }
}

const rateCount = (count: number): string => (count === 1 ? '1 rate' : `${count} rates`)

/** Each distinct source once, with what it prices. */
function sourcesOf(name: string, book: PriceBook, today: string): Iterable<Used> {
  const found = new Map<string, Used>()
  const use = (place: string, source: Source, current: boolean) => {
    const key = `${source.url} ${source.kind} ${source.checkedAt}`
    const used = found.get(key) ?? { place, source, current: 0 }
    if (current) used.current += 1
    found.set(key, used)
  }
  use(name, book.source, false)
  if (book.creditUnit) use(`${name} creditUnit`, book.creditUnit.source, true)
  for (const sku of book.skus) {
    const sold = sku.retiredAt === undefined || sku.retiredAt > today
    if (sku.source) use(`${name} ${sku.id}`, sku.source, false)
    for (const rate of sku.rates) {
      const current = sold && (rate.effectiveTo === undefined || rate.effectiveTo > today)
      use(`${name} ${rate.id}`, rate.source ?? sku.source ?? book.source, current)
    }
  }
  return found.values()
}

/** Host and path of a web address, lower case; undefined when it is none. */
const locationOf = (url: string): string | undefined =>
  /^https:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/\S*)?)$/i.exec(url)?.[1]?.toLowerCase()

function isOwn(url: string, own: readonly string[]): boolean {
  const location = locationOf(url)
  if (location === undefined) return false
  const [host = ''] = location.split('/')
  return own.some((known) =>
    known.includes('/') ? location === known || location.startsWith(`${known}/`) : host === known || host.endsWith(`.${known}`),
  )
}
