import { useEffect, useMemo } from 'react'
import { exactUsd } from '../../lib/money.ts'
import { Chart, preloadChart } from '../../ui/chart/chart.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState, Skeleton } from '../../ui/notice.tsx'
import { Section } from '../../ui/page-header.tsx'
import { Method } from '../insight/method.tsx'
import { costAxis, type OfferRow, placeTexts, qualityText, rowId, selectFrontier, shortName } from './select-offers.ts'

/** What a picture cost you against how good its model is said to be; nothing below the line is worth its money by that. */
export function CostQuality({ rows, onOpen }: { rows: readonly OfferRow[] | undefined; onOpen: (row: OfferRow) => void }) {
  const frontier = useMemo(() => rows && selectFrontier(rows), [rows])
  useEffect(preloadChart, [])
  if (rows && rows.length === 0) return null
  return (
    <Section
      title="Cost against quality"
      note={
        <Method at="models">
          Across: your own cost per image, on a scale of doublings. Up: the lower bound of the public prior (dots), with its 95 %
          interval (whiskers). The dashed line joins the offers that no other beats in both.
        </Method>
      }
    >
      {!frontier ? (
        <Skeleton className="h-80 w-full" />
      ) : (
        <div className="grid gap-x-8 gap-y-5 lg:grid-cols-[minmax(0,1fr)_17rem]">
          {frontier.points.length === 0 ? (
            <EmptyState title="No rated offer made a picture">
              The public boards have no score for what was called. What it cost stands in the table below.
            </EmptyState>
          ) : (
            <Chart
              kind="scatter"
              label="Cost per image against quality, by offer"
              points={frontier.points}
              path={frontier.path}
              series={[placeTexts.dominated, placeTexts.frontier]}
              xLabel="Cost per image"
              yLabel="Quality"
              xFormat={costAxis}
              yFormat={(score) => String(Math.round(score))}
              height={380}
              logX
              onPick={(point) => {
                const row = frontier.byName.get(point.name ?? '')
                if (row) onOpen(row)
              }}
            />
          )}
          <Names
            title="On the frontier"
            rows={frontier.best}
            onOpen={onOpen}
            none="Nobody: no rated offer made a picture."
            listed={BESIDE}
          />
          {frontier.unrated.length > 0 && (
            <div className="lg:col-span-2">
              <Names title="Not rated" rows={frontier.unrated} onOpen={onOpen} none="" listed={BELOW} wide />
            </div>
          )}
        </div>
      )}
    </Section>
  )
}

/** Names that stand as high as the drawing beside them. */
const BESIDE = 8
/** Names below it, in columns. */
const BELOW = 12

interface NamesProps {
  readonly title: string
  readonly rows: readonly OfferRow[]
  readonly none: string
  readonly listed: number
  /** In as many columns as there is room for. */
  readonly wide?: boolean
  readonly onOpen: (row: OfferRow) => void
}

function Names(props: NamesProps) {
  return (
    <section aria-label={props.title}>
      <h3 className="label mb-1 border-b border-rule pb-1">{props.title}</h3>
      {props.rows.length === 0 && <p className="text-sm text-muted">{props.none}</p>}
      <ol className={`text-sm ${props.wide ? 'grid gap-x-8 sm:grid-cols-2 xl:grid-cols-4' : ''}`} data-frontier={props.title}>
        {props.rows.slice(0, props.listed).map((row) => (
          <li key={rowId(row)} className="flex items-baseline gap-2 border-b border-rule py-1">
            <button
              type="button"
              className="min-w-0 flex-1 text-left break-words underline-offset-2 hover:underline"
              onClick={() => props.onOpen(row)}
            >
              {shortName(row)}
              <span className="label block">{row.provider}</span>
            </button>
            <span className="text-right">
              {row.cost_per_image_usd && <Short usd={row.cost_per_image_usd} />}
              <span className="label num block" title={row.cost_per_image_usd ? exactUsd(row.cost_per_image_usd) : undefined}>
                {qualityText(row)}
              </span>
            </span>
          </li>
        ))}
      </ol>
      {props.rows.length > props.listed && (
        <p className="label mt-1">and {props.rows.length - props.listed} more, in the table.</p>
      )}
    </section>
  )
}
