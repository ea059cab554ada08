import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { BatchWire } from '../../../../src/contract/batch-endpoints.ts'
import { batchKeys, batchQuery, fileUrl } from '../../api/batches-queries.ts'
import { call } from '../../api/client.ts'
import { formatCount } from '../../lib/numbers.ts'
import { CopyId } from '../../ui/copy-button.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { DotMeter } from '../../ui/dot-meter.tsx'
import { Exact } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice, Loading } from '../../ui/notice.tsx'
import { PageHeader, Section } from '../../ui/page-header.tsx'
import { StatRow, StatTile } from '../../ui/stat-tile.tsx'
import { useToast } from '../../ui/toast.tsx'
import { Lines } from './lines.tsx'
import { Problems } from './problems.tsx'
import { type BatchSearch, countsText, endpointTexts, endText, isOver, minuteOf, progressOf } from './select-batches.ts'
import { BatchState } from './state.tsx'

const route = getRouteApi('/shell/batches/$batch')

/** One batch: how far it is, what it costs, what became of each line. */
export function BatchPage() {
  const { batch: id } = route.useParams()
  const { data, error, refetch } = useQuery(batchQuery(id))
  return (
    <>
      <p className="label mb-1">
        <Link to="/batches">Batches</Link>
      </p>
      {error && !data && <ErrorNotice error={error} title="The batch could not be read" retry={() => void refetch()} />}
      {data === undefined && !error && <Loading label="Loading the batch" />}
      {data === null && (
        <>
          <PageHeader title="No such batch" />
          <EmptyState title="There is no such batch">
            It may be that of somebody else. <Link to="/batches">All batches</Link>.
          </EmptyState>
        </>
      )}
      {data && <Batch batch={data} />}
    </>
  )
}

function Batch({ batch }: { batch: BatchWire }) {
  const search = route.useSearch()
  const navigate = useNavigate()
  const show = (next: BatchSearch) =>
    void navigate({ to: '/batches/$batch', params: { batch: batch.id }, search: next, replace: true, resetScroll: false })
  return (
    <>
      <PageHeader title={`Batch of ${minuteOf(batch.created_at)}`} actions={<Actions batch={batch} />}>
        <CopyId id={batch.id} label="Copy the id of the batch" />
      </PageHeader>
      <Figures batch={batch} />
      {batch.errors && (
        <Section
          title="Why it failed"
          note="Nothing of it was begun, and nothing was charged. Mend the file and hand it in again."
        >
          <Problems caption="What is wrong with the file" problems={batch.errors.data} />
        </Section>
      )}
      <Labels metadata={batch.metadata} />
      {batch.request_counts.total > 0 && <Lines batch={batch} filter={search.lines} onFilter={show} />}
    </>
  )
}

function Figures({ batch }: { batch: BatchWire }) {
  const { total, completed, failed } = batch.request_counts
  return (
    <div className="mt-5">
      <StatRow label="How far it is">
        <StatTile
          label="State"
          value={
            <span className="text-base whitespace-normal">
              <BatchState batch={batch} />
            </span>
          }
          note={endpointTexts[batch.endpoint]}
        />
        <StatTile
          label="Lines done"
          value={formatCount(completed)}
          note={total === 0 ? countsText(batch) : `of ${formatCount(total)}`}
        >
          <DotMeter perMille={progressOf(batch)} tone={failed > 0 ? 'warn' : 'ink'} />
        </StatTile>
        <StatTile label="Failed" value={formatCount(failed)} tone={failed > 0 ? 'warn' : 'ink'} note="left undone included" />
        <StatTile label="Cost so far" value={<Exact usd={batch.halftone.cost_usd} />} note="failed requests included" />
        <StatTile label={isOver(batch) ? 'Ended' : 'Ends'} value={<span className="text-base">{endText(batch)}</span>} />
      </StatRow>
    </div>
  )
}

/** What whoever handed it in wrote on it. */
function Labels({ metadata }: { metadata: BatchWire['metadata'] }) {
  const labels = Object.entries(metadata ?? {})
  if (labels.length === 0) return null
  return (
    <dl className="mt-4 flex flex-wrap gap-x-6 gap-y-1 text-sm">
      {labels.map(([name, value]) => (
        <div key={name} className="flex min-w-0 gap-1.5">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-all">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Actions({ batch }: { batch: BatchWire }) {
  return (
    <>
      {batch.output_file_id && (
        <a className="button" href={fileUrl(batch.output_file_id)} download>
          Answers
        </a>
      )}
      {batch.error_file_id && (
        <a className="button" href={fileUrl(batch.error_file_id)} download>
          Errors
        </a>
      )}
      {!isOver(batch) && batch.status !== 'cancelling' && <Cancel id={batch.id} />}
    </>
  )
}

function Cancel({ id }: { id: string }) {
  const [asking, setAsking] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const cancel = useMutation({
    mutationFn: () => call('cancelBatch', { id }),
    onSuccess: async (batch) => {
      queryClient.setQueryData(batchKeys.batch(id), batch)
      await queryClient.invalidateQueries({ queryKey: batchKeys.list })
      toast('Nothing more of it is begun')
    },
    onError: (error) => toast(error.message),
    onSettled: () => setAsking(false),
  })
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        Cancel the batch
      </button>
      <ConfirmDialog
        open={asking}
        title="Cancel this batch?"
        confirm="Begin nothing more"
        danger
        pending={cancel.isPending}
        onConfirm={() => cancel.mutate()}
        onClose={() => setAsking(false)}
      >
        Lines that wait are left undone and cost nothing. What is being made is finished, paid for and kept. A cancelled batch
        cannot go on; hand in the rest as a new one.
      </ConfirmDialog>
    </>
  )
}
