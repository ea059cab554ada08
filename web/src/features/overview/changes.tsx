import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { daysText, type InsightSearch } from '../../lib/insight-period.ts'
import { formatCount } from '../../lib/numbers.ts'
import { CsvButton } from '../../ui/csv-button.tsx'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { Signed } from '../../ui/money.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Hint } from '../../ui/tooltip.tsx'
import { parseExploreSearch } from '../explore/select-explore.ts'
import { Method } from '../insight/method.tsx'
import { byWeight, type Cell, cellDetail, selectChange } from './select-change.ts'
import { Waterfall } from './waterfall.tsx'

/** Why this period cost more or less than the one before. */
export function Changes({ data, search }: { data: InsightOverview; search: InsightSearch }) {
  const { change, previous } = data
  const view = selectChange(data)
  const cells = useMemo(() => byWeight(change.cells), [change.cells])
  const columns = useMemo(() => columnsOf(search), [search])
  return (
    <Section
      title="What changed"
      note={`Against ${daysText(previous)}. Cells are offer, operation, size class and quality; the lines of each make its difference, and all together the whole, to the nano-dollar.`}
      actions={
        <>
          <CsvButton name="what-changed" header={csvHeader} rows={() => csvRows(data)} />
          <Hint label="what changed">
            <Method at="what-changed">
              Volume: the old bill with today's number of images. Price: today's images against their old price. Mix: what is
              left, images that moved between cells.
            </Method>
          </Hint>
        </>
      }
    >
      {!view.agrees && (
        <Notice tone="bad" title="The lines do not make the difference">
          Reload the page. If this stays, the ledger and its sums disagree: run <code>halftone doctor</code>.
        </Notice>
      )}
      <div className="grid gap-x-10 gap-y-6 xl:grid-cols-[24rem_minmax(0,1fr)]">
        <Waterfall steps={view.steps} />
        <div className="min-w-0">
          <DataTable
            caption="What changed, cell by cell"
            columns={columns}
            rows={cells}
            rowId={({ cell }) => cell.join('|')}
            pageSize={8}
            empty={<p className="text-muted">No image was made in either period.</p>}
            footer={[
              change.rest.cells > 0 ? `With ${formatCount(change.rest.cells)} more` : 'All cells',
              null,
              <Signed key="difference" usd={cellsTotal(change)} />,
              <Signed key="volume" usd={change.volume_usd} />,
              <Signed key="price" usd={change.price_usd} />,
              <Signed key="mix" usd={change.mix_usd} />,
            ]}
          />
        </div>
      </div>
    </Section>
  )
}

/** The difference without charges that have no cell. */
const cellsTotal = (change: InsightOverview['change']): string =>
  formatUsd(parseUsd(change.volume_usd) + parseUsd(change.price_usd) + parseUsd(change.mix_usd))

const csvHeader = [
  'offer',
  'operation',
  'size',
  'quality',
  'images_before',
  'images',
  'cost_before_usd',
  'cost_usd',
  'difference_usd',
  'volume_usd',
  'price_usd',
  'mix_usd',
]

const csvRows = ({ change }: InsightOverview): readonly (readonly (string | number | null)[])[] => [
  ...change.cells.map((cell) => [
    ...cell.cell,
    cell.images_before,
    cell.images,
    cell.cost_before_usd,
    cell.cost_usd,
    cell.difference_usd,
    cell.volume_usd,
    cell.price_usd,
    cell.mix_usd,
  ]),
  ...(change.rest.cells > 0 ? [['(rest)', '', '', '', null, null, null, null, ...linesOf(change.rest)]] : []),
]

const linesOf = (lines: InsightOverview['change']['rest']): readonly string[] => [
  lines.difference_usd,
  lines.volume_usd,
  lines.price_usd,
  lines.mix_usd,
]

const money = (id: string, header: string, of: (cell: Cell) => string, hideBelow?: 'sm' | 'md'): DataColumn<Cell> => ({
  id,
  header,
  cell: (cell) => <Signed usd={of(cell)} />,
  sort: (cell) => parseUsd(of(cell)),
  numeric: true,
  ...(hideBelow && { hideBelow }),
})

function columnsOf(search: InsightSearch): readonly DataColumn<Cell>[] {
  return [
    {
      id: 'cell',
      header: 'Offer',
      rowHeader: true,
      sort: ({ cell }) => cell.join(' '),
      cell: (cell) => <CellName cell={cell} search={search} />,
    },
    {
      id: 'images',
      header: 'Images',
      numeric: true,
      hideBelow: 'sm',
      sort: ({ images }) => images,
      cell: ({ images, images_before: before }) => (
        <span title={`${formatCount(before)} before`}>
          {formatCount(before)} {'\u2192'} {formatCount(images)}
        </span>
      ),
    },
    money('difference', 'Change', (cell) => cell.difference_usd),
    money('volume', 'Volume', (cell) => cell.volume_usd, 'md'),
    money('price', 'Price', (cell) => cell.price_usd, 'sm'),
    money('mix', 'Mix', (cell) => cell.mix_usd, 'md'),
  ]
}

const states = { both: '', new: 'new', vanished: 'gone' } as const

function CellName({ cell, search }: { cell: Cell; search: InsightSearch }) {
  const [offer, operation, size, quality] = cell.cell
  const filters = {
    ...search,
    grain: 'day',
    show: 'lines',
    measure: 'cost_per_image_usd',
    rows: 'offer',
    ...(offer && { offer }),
    ...(operation && { operation }),
    ...(size && { size }),
    quality: quality ?? '(none)',
  }
  return (
    <>
      <Link
        to="/explore"
        search={parseExploreSearch(filters)}
        className="break-all text-inherit underline decoration-rule-strong"
      >
        {offer}
      </Link>
      <span className="label block">{[cellDetail(cell), states[cell.state]].filter(Boolean).join(' \u00b7 ')}</span>
    </>
  )
}
