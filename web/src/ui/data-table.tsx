import {
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  sortFns,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { type KeyboardEvent, type ReactNode, useMemo, useState } from 'react'
import { moveBetweenRows } from './move-between-rows.ts'
import { ErrorNotice, Skeleton } from './notice.tsx'

type SortValue = string | number | bigint | null

export interface DataColumn<Row> {
  readonly id: string
  readonly header: ReactNode
  /** What the cell shows. */
  readonly cell: (row: Row) => ReactNode
  /** What the column is sorted by; absent: it cannot be sorted. Exact money sorts as bigint, nulls last. */
  readonly sort?: (row: Row) => SortValue
  /** Figures stand right, in tabular digits. */
  readonly numeric?: boolean
  /** Left out on narrow screens: `sm` below 640 px, `md` below 768, `lg` below 1024. */
  readonly hideBelow?: 'sm' | 'md' | 'lg'
  /** The row's name for screen readers; one column has it. */
  readonly rowHeader?: boolean
  readonly className?: string
}

export interface DataSort {
  readonly column: string
  readonly descending: boolean
}

interface Props<Row> {
  /** Read by screen readers; what the table lists. */
  readonly caption: string
  readonly columns: readonly DataColumn<Row>[]
  /** Undefined while loading. Keep the array stable between renders. */
  readonly rows: readonly Row[] | undefined
  readonly rowId: (row: Row) => string
  readonly error?: unknown
  readonly retry?: () => void
  /** Shown instead of the table when there is no row: an `EmptyState` that says what to do next. */
  readonly empty: ReactNode
  /** Sorted so at first. The page owns the order when `onSort` is given, for example in the URL. */
  readonly sort?: DataSort
  readonly onSort?: (sort: DataSort) => void
  /** Enter or a press on a row; rows then take the focus, and arrow keys walk them. */
  readonly onOpen?: (row: Row) => void
  readonly chosen?: string | undefined
  /** Rows per page; the rest comes by a button. */
  readonly pageSize?: number
  /** A closing row, cell by cell in column order. */
  readonly footer?: readonly ReactNode[]
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel(), sortFns })
const hidden = { sm: 'max-sm:hidden', md: 'max-md:hidden', lg: 'max-lg:hidden' } as const
const DEFAULT_PAGE = 100

/** Rows that can be sorted, walked and opened by keyboard; wide ones scroll inside, never the page. */
export function DataTable<Row extends object>(props: Props<Row>) {
  if (props.error != null && props.rows === undefined) {
    return (
      <ErrorNotice
        error={props.error}
        title={`${props.caption}: could not be read`}
        {...(props.retry ? { retry: props.retry } : {})}
      />
    )
  }
  if (props.rows === undefined) return <TableSkeleton caption={props.caption} />
  if (props.rows.length === 0) return props.empty
  return <Rows {...props} rows={props.rows} />
}

function Rows<Row extends object>(props: Props<Row> & { readonly rows: readonly Row[] }) {
  const [ownSort, setOwnSort] = useState<DataSort | undefined>(props.sort)
  const [shown, setShown] = useState(props.pageSize ?? DEFAULT_PAGE)
  const sort = props.onSort ? props.sort : ownSort
  const columns = useMemo(() => props.columns.map(tableColumn), [props.columns])
  const data = useMemo(() => [...props.rows], [props.rows])
  const sorting: SortingState = sort ? [{ id: sort.column, desc: sort.descending }] : []
  const table = useTable({ features, columns, data, getRowId: props.rowId, state: { sorting } })
  const choose = (column: DataColumn<Row>) => {
    const next = { column: column.id, descending: sort?.column === column.id ? !sort.descending : column.numeric === true }
    if (props.onSort) props.onSort(next)
    else setOwnSort(next)
  }
  const rows = table.getRowModel().rows
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable to be scrolled by keyboard */}
      <section className="table-scroll" tabIndex={0} aria-label={props.caption}>
        <table className="data-table">
          <caption className="sr-only">{props.caption}</caption>
          <thead>
            <tr>
              {props.columns.map((column) => (
                <HeaderCell key={column.id} column={column} sort={sort} onSort={() => choose(column)} />
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={(event) => moveBetweenRows(event, '[data-row]')}>
            {rows.slice(0, shown).map((row) => (
              <BodyRow
                key={row.id}
                id={row.id}
                row={row.original}
                columns={props.columns}
                onOpen={props.onOpen}
                chosen={row.id === props.chosen}
              />
            ))}
          </tbody>
          {props.footer && (
            <tfoot>
              <tr className="ledger-total">
                {props.columns.map((column, index) => (
                  <td key={column.id} className={cellClass(column)}>
                    {props.footer?.[index]}
                  </td>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </section>
      {rows.length > shown && (
        <button type="button" className="button mt-3 w-full" onClick={() => setShown(shown + (props.pageSize ?? DEFAULT_PAGE))}>
          Show more ({rows.length - shown} left)
        </button>
      )}
    </>
  )
}

const tableColumn = <Row extends object>(column: DataColumn<Row>) => ({
  id: column.id,
  accessorFn: (row: Row) => column.sort?.(row) ?? undefined,
  enableSorting: column.sort !== undefined,
  sortUndefined: 'last' as const,
  sortFn: (left: { getValue: (id: string) => unknown }, right: { getValue: (id: string) => unknown }) =>
    compare(left.getValue(column.id) as SortValue, right.getValue(column.id) as SortValue),
})

/** Numbers and exact money by size, text by the rules of the reader's language. */
function compare(left: SortValue, right: SortValue): number {
  if (typeof left === 'string' && typeof right === 'string') return left.localeCompare(right, undefined, { numeric: true })
  if (left === right || left === null || right === null) return 0
  return left < right ? -1 : 1
}

const cellClass = <Row,>(column: DataColumn<Row>): string =>
  [column.numeric ? 'num text-right' : '', column.hideBelow ? hidden[column.hideBelow] : '', column.className ?? ''].join(' ')

function HeaderCell<Row>({ column, sort, onSort }: { column: DataColumn<Row>; sort: DataSort | undefined; onSort: () => void }) {
  const sorted = sort?.column === column.id ? (sort.descending ? 'descending' : 'ascending') : 'none'
  return (
    <th scope="col" className={cellClass(column)} {...(column.sort ? { 'aria-sort': sorted } : {})}>
      {column.sort ? (
        <button type="button" className="sort-button" onClick={onSort}>
          {column.header}
          <span aria-hidden="true" className={sorted === 'none' ? 'opacity-0' : ''}>
            {sorted === 'descending' ? '\u2193' : '\u2191'}
          </span>
        </button>
      ) : (
        column.header
      )}
    </th>
  )
}

function BodyRow<Row>(props: {
  readonly id: string
  readonly row: Row
  readonly columns: readonly DataColumn<Row>[]
  readonly onOpen: ((row: Row) => void) | undefined
  readonly chosen: boolean
}) {
  const { onOpen } = props
  const opens = onOpen && {
    tabIndex: 0,
    onClick: () => onOpen(props.row),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || event.target !== event.currentTarget) return
      // Else the same press goes on to what it opened: the first button of a window, which closes it again.
      event.preventDefault()
      onOpen(props.row)
    },
  }
  return (
    <tr data-row={props.id} {...opens} {...(props.chosen ? { 'aria-current': 'true' as const } : {})}>
      {props.columns.map((column) =>
        column.rowHeader ? (
          <th key={column.id} scope="row" className={`font-medium ${cellClass(column)}`}>
            {column.cell(props.row)}
          </th>
        ) : (
          <td key={column.id} className={cellClass(column)}>
            {column.cell(props.row)}
          </td>
        ),
      )}
    </tr>
  )
}

export const TableSkeleton = ({ caption }: { caption: string }) => (
  <div role="status" aria-label={`Loading: ${caption}`} className="flex flex-col gap-3 border-t border-ink pt-3">
    {['a', 'b', 'c', 'd', 'e', 'f'].map((row) => (
      <div key={row} className="flex gap-6">
        <Skeleton className="h-5 flex-1" />
        <Skeleton className="h-5 w-24 max-sm:hidden" />
        <Skeleton className="h-5 w-16" />
      </div>
    ))}
  </div>
)
