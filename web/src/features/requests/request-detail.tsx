import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { RequestRecordWire } from '../../../../src/contract/records.ts'
import { requestQuery } from '../../api/queries.ts'
import { aspectOf, sizeText } from '../../lib/size.ts'
import { formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { CopyId } from '../../ui/copy-button.tsx'
import { Cost } from '../../ui/money.tsx'
import { ErrorNotice, Loading, Notice } from '../../ui/notice.tsx'
import { costStatusText, Outcome } from '../../ui/outcome.tsx'
import { Plate, Proof } from '../../ui/proof.tsx'
import { type Tab, Tabs } from '../../ui/tabs.tsx'
import { formOfRequest } from '../playground/select-form.ts'
import { ReceiptOf } from '../receipt/receipt-ledger.tsx'
import { usePermission } from '../shell/use-session.ts'
import { Attempts } from './attempts.tsx'
import { Decision } from './decision.tsx'
import { Facts } from './facts.tsx'
import { Lineage } from './lineage.tsx'
import { PictureViewer } from './picture-viewer.tsx'
import { Rate } from './rate.tsx'
import { deletedText, type detailTabs, isStandIn, latencyText, parseRequestsSearch, promptText } from './select-requests.ts'

const route = getRouteApi('/shell/requests/$requestId')

/** One request, whole. Escape goes back to the list. */
export function RequestDetail() {
  const { requestId } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate()
  const panel = useRef<HTMLElement>(null)
  const { data, error, refetch } = useQuery(requestQuery(requestId))
  const list = parseRequestsSearch({ ...search })
  useEffect(() => {
    if (requestId) panel.current?.focus({ preventScroll: window.matchMedia('(min-width: 80rem)').matches })
  }, [requestId])
  return (
    <section
      ref={panel}
      tabIndex={-1}
      aria-label="Request"
      className="sheet min-w-0 outline-none xl:sticky xl:top-4 xl:max-h-[calc(100dvh-2rem)] xl:overflow-y-auto"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open]'))
          void navigate({ to: '/requests', search: list, resetScroll: false })
      }}
    >
      {/* The page's heading where the list and its own are out of sight. */}
      <h1 className="sr-only xl:hidden">Request</h1>
      <div className="flex items-center justify-between gap-4 border-b border-rule px-4 py-2">
        <CopyId id={requestId} label="Copy the request id" />
        <Link to="/requests" search={list} className="button button-quiet shrink-0 text-sm" resetScroll={false}>
          <span className="xl:hidden">Back to the list</span>
          <span className="max-xl:hidden">Close</span>
        </Link>
      </div>
      <div className="p-4">
        {error && <ErrorNotice error={error} title="The request could not be read" retry={() => void refetch()} />}
        {!data && !error && <Loading label="Loading the request" />}
        {data && <Record record={data} tab={search.tab ?? 'receipt'} />}
      </div>
    </section>
  )
}

function Record({ record, tab }: { record: RequestRecordWire; tab: (typeof detailTabs)[number] }) {
  const navigate = useNavigate()
  // What would only be refused is not offered.
  const isHidden: Partial<Record<typeof tab, boolean>> = {
    decision: !usePermission('decisions.read'),
    lineage: !usePermission('content.read'),
  }
  const tabs: readonly Tab<typeof tab>[] = [
    { name: 'receipt', label: 'Receipt', content: <ReceiptOf requestId={record.id} /> },
    {
      name: 'attempts',
      label: record.attempt_rows.length > 1 ? `Attempts ${record.attempt_rows.length}` : 'Attempts',
      content: <Attempts attempts={record.attempt_rows} />,
    },
    {
      name: 'decision',
      label: 'Decision',
      content: <Decision requestId={record.id} tried={record.attempt_rows.map((attempt) => attempt.offer)} />,
    },
    { name: 'lineage', label: 'Lineage', content: <Lineage record={record} /> },
    { name: 'details', label: 'Details', content: <Facts record={record} /> },
  ]
  return (
    <>
      <Head record={record} />
      {record.record_deleted_at !== null && <p className="mt-3 text-sm text-muted">{deletedText(record.record_deleted_at)}</p>}
      <Pictures record={record} />
      {record.error_code && (
        <div className="mt-4">
          <Notice tone="bad" title={record.error_code}>
            {record.error_message}
          </Notice>
        </div>
      )}
      <div className="mt-6">
        <Tabs
          label="About this request"
          value={isHidden[tab] ? 'receipt' : tab}
          onChange={(next) =>
            void navigate({
              to: '/requests/$requestId',
              params: { requestId: record.id },
              search: (previous) => ({
                ...parseRequestsSearch({ ...previous }),
                ...(next === 'receipt' ? {} : { tab: next }),
              }),
              replace: true,
              resetScroll: false,
            })
          }
          tabs={tabs.filter(({ name }) => !isHidden[name])}
        />
      </div>
    </>
  )
}

function Head({ record }: { record: RequestRecordWire }) {
  const now = useNow(250, record.finished_at === null)
  return (
    <>
      <h2 className={`text-lg leading-snug font-semibold break-words ${isStandIn(record) ? 'text-muted italic' : ''}`}>
        {promptText(record)}
      </h2>
      <p className="mt-1 text-sm break-all text-muted">{record.offer ?? record.model}</p>
      <dl className="mt-3 flex flex-wrap gap-x-8 gap-y-2">
        <Fact name="Outcome">
          <Outcome outcome={record.outcome} />
        </Fact>
        <Fact name={`Cost, ${costStatusText(record.cost_status)}`}>
          <Cost usd={record.cost_usd} status={record.cost_status} exact className="font-semibold" />
        </Fact>
        <Fact name="Latency">
          <span className="num">{latencyText(record, now)}</span>
        </Fact>
        <Fact name="Started">
          <time dateTime={record.created_at} className="num text-sm">
            {formatMoment(record.created_at)}
          </time>
        </Fact>
      </dl>
      {record.prompt !== null && record.operation === 'generate' && (
        <Link
          to="/playground"
          search={formOfRequest(record.model, record.n, record.parameters)}
          state={{ prompt: record.prompt }}
          className="button mt-4 text-sm"
        >
          Open in the playground
        </Link>
      )}
    </>
  )
}

const Fact = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div>
    <dt className="label">{name}</dt>
    <dd>{children}</dd>
  </div>
)

function Pictures({ record }: { record: RequestRecordWire }) {
  const [viewed, setViewed] = useState<number>()
  if (record.images.length === 0) {
    if (record.finished_at !== null) return null
    return (
      <div className="proof mt-5">
        <Plate aspect={aspectOf(sizeText(record.parameters['size']))} developing />
      </div>
    )
  }
  return (
    <>
      <div className={`mt-4 grid gap-4 ${record.images.length > 1 ? 'grid-cols-2' : ''}`}>
        {record.images.map((image, index) => (
          <div key={image.id} className="min-w-0">
            <Proof
              url={image.url}
              alt={record.prompt ?? 'Picture made by this request'}
              caption={`${image.width} x ${image.height}, ${image.media_type.replace('image/', '')}`}
              width={image.width}
              height={image.height}
              compact
              onOpen={() => setViewed(index)}
            />
            <Rate requestId={record.id} image={image} />
          </div>
        ))}
      </div>
      <PictureViewer record={record} viewed={viewed} onView={setViewed} />
    </>
  )
}
