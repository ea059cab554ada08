import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import type { PriceListWire } from '../../../../src/contract/prices.ts'
import { priceDraftsQuery, pricesQuery } from '../../api/queries.ts'
import { formatCount } from '../../lib/numbers.ts'
import { ErrorNotice, Skeleton } from '../../ui/notice.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { StatRow, StatSkeleton, StatTile } from '../../ui/stat-tile.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Book } from './book.tsx'
import { Correct } from './correct.tsx'
import { Drafts } from './drafts.tsx'
import { RateSheet } from './rate-sheet.tsx'
import { type PricesSearch, type PriceTab, parsePricesSearch, selectBooks, selectRate } from './select-prices.ts'
import { Sets } from './sets.tsx'

const route = getRouteApi('/shell/prices')

/** The price book in use: what every rate is, where it comes from, and how it is changed. */
export function PricesPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(pricesQuery)
  const drafts = useQuery(priceDraftsQuery).data?.data
  const open = drafts?.filter(({ status }) => status === 'open').length
  const change = (next: PricesSearch) =>
    void navigate({ to: '/prices', search: parsePricesSearch({ ...next }), replace: true, resetScroll: false })
  const chosen = data && selectRate(data, search)
  const { rate: _, book: __, ...closed } = search
  const tabs: readonly { readonly name: PriceTab; readonly label: string; readonly content: React.ReactNode }[] = [
    {
      name: 'book',
      label: 'Book',
      content: <Book list={data} search={search} onChange={change} />,
    },
    { name: 'changes', label: open ? `Proposed changes (${open})` : 'Proposed changes', content: <Drafts onChange={change} /> },
    { name: 'sets', label: 'Installed sets', content: <Sets /> },
    { name: 'correct', label: 'Correct the past', content: <Correct since={search.since} /> },
  ]
  return (
    <>
      <PageHeader title="Prices">
        {data ? (
          <>
            Set <span className="num font-medium">{data.version}</span>, {data.origin}. A price is a dated rule with a source;
            what has no price is never taken for free.
          </>
        ) : (
          <Skeleton className="h-5 w-80 max-w-full" />
        )}
      </PageHeader>
      {error && !data ? (
        <div className="mt-6">
          <ErrorNotice error={error} title="The price book could not be read" retry={() => void refetch()} />
        </div>
      ) : (
        <>
          <div className="mt-5">{data ? <Figures list={data} open={open} onChange={change} /> : <StatSkeleton />}</div>
          <div className="mt-6">
            <Tabs label="Prices" tabs={tabs} value={search.tab ?? 'book'} onChange={(tab) => change({ ...closed, tab })} />
          </div>
        </>
      )}
      {chosen && <RateSheet rate={chosen.rate} line={chosen.line} onClose={() => change(closed)} />}
    </>
  )
}

interface FigureProps {
  readonly list: PriceListWire
  readonly open: number | undefined
  readonly onChange: (next: PricesSearch) => void
}

function Figures({ list, open, onChange }: FigureProps) {
  const books = selectBooks(list, new Date().toISOString().slice(0, 10))
  const sum = (of: 'rates' | 'stale' | 'unpriced' | 'official' | 'models'): number =>
    books.reduce((all, book) => all + book[of], 0)
  const rates = sum('rates')
  return (
    <StatRow label="The book">
      <StatTile
        label="Rates in force"
        value={formatCount(rates)}
        note={`${formatCount(books.length)} books, ${formatCount(sum('models'))} models`}
      />
      <StatTile
        label="From the provider itself"
        value={formatCount(sum('official'))}
        note={`${formatCount(rates - sum('official'))} from elsewhere`}
        method="Rates whose source is the provider's own page. Others were read elsewhere, worked out, or assumed; each says which."
      />
      <StatTile
        label="Stale"
        value={formatCount(sum('stale'))}
        tone={sum('stale') > 0 ? 'warn' : 'ink'}
        note={<Show text="Not looked at for 45 days" onPress={() => onChange({ show: 'stale' })} />}
      />
      <StatTile
        label="Without a price"
        value={formatCount(sum('unpriced'))}
        tone={sum('unpriced') > 0 ? 'warn' : 'ink'}
        note={<Show text="Known models, never chosen" onPress={() => onChange({ show: 'unpriced' })} />}
      />
      <StatTile
        label="Proposed changes"
        value={open === undefined ? '...' : formatCount(open)}
        tone={open ? 'warn' : 'ink'}
        note={<Show text="From what providers report" onPress={() => onChange({ tab: 'changes' })} />}
      />
    </StatRow>
  )
}

const Show = ({ text, onPress }: { text: string; onPress: () => void }) => (
  <button type="button" className="text-left underline underline-offset-2" onClick={onPress}>
    {text}
  </button>
)
