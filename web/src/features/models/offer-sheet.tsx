import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { exploreQuery, modelsQuery, priceHistoryQuery } from '../../api/queries.ts'
import { askedOf } from '../../lib/insight-period.ts'
import { formatCount, formatShare } from '../../lib/numbers.ts'
import { formatDuration } from '../../lib/time.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Short } from '../../ui/money.tsx'
import { ErrorNotice, Loading } from '../../ui/notice.tsx'
import { Outcome } from '../../ui/outcome.tsx'
import { Figures, Part } from '../../ui/sheet.tsx'
import { PriceLines } from '../prices/price-lines.tsx'
import { usePermission } from '../shell/use-session.ts'
import { Facts } from './facts.tsx'
import { Health } from './offer-table.tsx'
import { SaidOf } from './said.tsx'
import { capabilityLines } from './select-capabilities.ts'
import { type ModelsSearch, type OfferRow, placeTexts, qualityText } from './select-offers.ts'
import { productOf } from './select-said.ts'

interface Props {
  readonly row: OfferRow
  readonly search: ModelsSearch
  readonly sandbox: boolean
  readonly onClose: () => void
}

/** One offer: its figures, how its attempts ended, what it costs through time, what it can do, what is known about it. */
export function OfferSheet({ row, search, sandbox, onClose }: Props) {
  const mayMake = usePermission('images.make')
  const mayRead = usePermission('requests.read')
  return (
    <Dialog
      open
      kind="sheet"
      title={`${row.model}${row.quality ? ` \u00b7 ${row.quality}` : ''}`}
      onClose={onClose}
      actions={
        <>
          {mayRead && row.attempts > 0 && (
            <Link to="/requests" search={{ model: row.offer }} className="button">
              Its requests
            </Link>
          )}
          {mayMake && row.configured && (
            <Link to="/playground" search={{ model: row.offer }} className="button button-primary">
              Try it
            </Link>
          )}
        </>
      }
    >
      <p className="num font-mono text-sm break-all">{row.offer}</p>
      <p className="mt-1">
        <Health row={row} />
      </p>
      <OfferFigures row={row} />
      <Part title="How its attempts ended">
        <Attempts row={row} search={search} sandbox={sandbox} />
      </Part>
      <SaidOf product={productOf(row)} />
      <Part title="What it costs by the list">
        <Prices row={row} />
      </Part>
      <Part title="What it can do">
        <Capabilities row={row} />
      </Part>
      <Part title="What is known about it">
        <KnownFacts row={row} />
      </Part>
    </Dialog>
  )
}

const none = <span className="text-muted">none</span>

function OfferFigures({ row }: { row: OfferRow }) {
  const figures: readonly (readonly [string, React.ReactNode])[] = [
    ['Spend', <Short key="spend" usd={row.spend_usd} />],
    ['Images', formatCount(row.images)],
    ['Per image', row.cost_per_image_usd === null ? none : <Short key="per" usd={row.cost_per_image_usd} />],
    ['Per accepted', row.cost_per_accepted_usd === null ? none : <Short key="accepted" usd={row.cost_per_accepted_usd} />],
    [
      'Accepted',
      row.acceptance_share === null ? none : `${formatShare(row.acceptance_share)} of ${formatShare(row.coverage)} rated`,
    ],
    ['Quality', row.place === null ? qualityText(row) : `${qualityText(row)}, ${placeTexts[row.place].toLowerCase()}`],
    ['Success', formatShare(row.success_share)],
    ['Refused', formatShare(row.refusal_share)],
    ['p50', row.latency_p50_ms === null ? none : formatDuration(row.latency_p50_ms)],
    ['p95', row.latency_p95_ms === null ? none : formatDuration(row.latency_p95_ms)],
  ]
  return <Figures lines={figures} />
}

function Attempts({ row, search, sandbox }: { row: OfferRow; search: ModelsSearch; sandbox: boolean }) {
  const { data, error, refetch } = useQuery(
    exploreQuery({
      ...askedOf(search),
      sandbox,
      group_by: ['outcome'],
      filters: { offer: [row.offer], quality: [row.quality ?? ''] },
      sort: 'attempts',
    }),
  )
  if (error) return <ErrorNotice error={error} title="The attempts could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Attempts" />
  if (data.rows.length === 0) return <p className="text-muted">It was not called in this time.</p>
  const most = Math.max(...data.rows.map(({ attempts }) => attempts), 1)
  return (
    <table className="data-table">
      <caption className="sr-only">Attempts by outcome</caption>
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col" className="w-2/5">
            <span className="sr-only">Share</span>
          </th>
          <th scope="col" className="text-right">
            Attempts
          </th>
          <th scope="col" className="text-right">
            Spend
          </th>
        </tr>
      </thead>
      <tbody>
        {data.rows.map((each) => (
          <tr key={each.key[0] ?? 'none'}>
            <th scope="row">{each.key[0] ? <Outcome outcome={each.key[0]} /> : 'none'}</th>
            <td className="align-middle!">
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" className="block h-1.5 w-full" aria-hidden="true">
                <rect width={(100 * each.attempts) / most} height="6" className="fill-cyan" />
              </svg>
            </td>
            <td className="num text-right">{formatCount(each.attempts)}</td>
            <td className="num text-right">
              <Short usd={each.cost_usd} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Prices({ row }: { row: OfferRow }) {
  const mayRead = usePermission('prices.read')
  const { data, error, refetch } = useQuery({ ...priceHistoryQuery(row.offer), enabled: mayRead && row.configured })
  if (!mayRead || !row.configured) return <p className="text-muted">{row.list_price ?? 'It is not configured any more.'}</p>
  if (error) return <ErrorNotice error={error} title="Its prices could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Prices" />
  if (data.rates.length === 0) {
    return (
      <p className="text-warn">
        No price is known, so no route chooses it.{' '}
        {data.unpriced[0]?.reason ?? `Set providers.${row.provider}.prices in halftone.yaml.`}
      </p>
    )
  }
  return (
    <>
      <PriceLines rates={data.rates} />
      <Link to="/prices" search={{ q: row.model }} className="mt-2 inline-block text-sm underline underline-offset-2">
        In the price book
      </Link>
    </>
  )
}

const useModel = (row: OfferRow) => {
  const { data } = useQuery(modelsQuery)
  return { isPending: data === undefined, model: data?.data.find(({ id }) => id === row.offer)?.halftone }
}

function Capabilities({ row }: { row: OfferRow }) {
  const { model, isPending } = useModel(row)
  if (isPending) return <Loading label="Capabilities" />
  if (!model) return <p className="text-muted">It is not configured any more, or retired.</p>
  return (
    <dl className="grid grid-cols-[8rem_minmax(0,1fr)] gap-x-4 text-sm">
      {capabilityLines(model).map(([name, text]) => (
        <div key={name} className="col-span-2 grid grid-cols-subgrid border-b border-rule py-1">
          <dt className="text-muted">{name}</dt>
          <dd className="break-words">{text}</dd>
        </div>
      ))}
    </dl>
  )
}

function KnownFacts({ row }: { row: OfferRow }) {
  const { model, isPending } = useModel(row)
  if (isPending) return <Loading label="Facts" />
  return model?.facts ? <Facts facts={model.facts} provider={row.provider} /> : <p className="text-muted">Nothing.</p>
}
