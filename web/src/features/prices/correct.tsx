import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { RerateReportWire } from '../../../../src/contract/prices.ts'
import { call } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { formatCount } from '../../lib/numbers.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { Exact, Signed } from '../../ui/money.tsx'
import { Notice } from '../../ui/notice.tsx'
import { StatRow, StatTile } from '../../ui/stat-tile.tsx'
import { usePermission } from '../shell/use-session.ts'

const monthStart = (): string => `${new Date().toISOString().slice(0, 7)}-01`

/** Price settled calls again with the prices in use: first what would be posted, then the same for good. */
export function Correct({ since: asked }: { since: string | undefined }) {
  const [since, setSince] = useState(asked ?? monthStart())
  const mayWrite = usePermission('prices.write')
  const [confirming, setConfirming] = useState(false)
  const client = useQueryClient()
  const run = useMutation({
    mutationFn: (dryRun: boolean) => call('rerate', { body: { since, dry_run: dryRun } }),
    onSettled: () => setConfirming(false),
    onSuccess: async ({ dry_run: wasDry }) => {
      if (!wasDry)
        await Promise.all([
          client.invalidateQueries({ queryKey: keys.insight }),
          client.invalidateQueries({ queryKey: keys.overview }),
        ])
    },
  })
  if (!mayWrite) return <p className="text-muted">Your role may read prices, not correct what was charged.</p>
  const report = run.data
  return (
    <>
      <p className="mb-4 max-w-2xl text-sm text-muted">
        When a price was wrong, the calls charged by it are priced again with what the book says of their moment, and the
        differences are posted as charges of their own. A price that only changed later changes nothing. What the provider
        reported or invoiced stays.
      </p>
      <Form error={run.error} fields={['since']} className="flex flex-wrap items-end gap-3" onSubmit={() => run.mutate(true)}>
        <div className="w-48">
          <TextField
            name="since"
            label="Calls since"
            type="date"
            value={since}
            onChange={(event) => {
              setSince(event.target.value)
              run.reset()
            }}
          />
        </div>
        <button type="submit" className="button button-primary" disabled={run.isPending}>
          {run.isPending ? 'Pricing them again' : 'Show what would be posted'}
        </button>
      </Form>
      {report && <Report report={report} onPost={() => setConfirming(true)} />}
      <ConfirmDialog
        open={confirming}
        title={`Post ${formatCount(report?.corrected ?? 0)} corrections?`}
        confirm="Post them"
        pending={run.isPending}
        onConfirm={() => run.mutate(false)}
        onClose={() => setConfirming(false)}
      >
        {report && (
          <>
            They come to <Exact usd={report.corrected_usd} />. They change budgets and reports, and stay in the ledger for good; a
            later correction can only be posted on top.
          </>
        )}
      </ConfirmDialog>
    </>
  )
}

function Report({ report, onPost }: { report: RerateReportWire; onPost: () => void }) {
  const { dry_run: isDry, corrected } = report
  return (
    <section aria-label="What a correction posts" className="mt-6" aria-live="polite">
      {!isDry && (
        <div className="mb-4">
          <Notice tone="note" title={`Posted ${formatCount(corrected)} corrections`}>
            Every receipt shows them beside the charges they adjust.
          </Notice>
        </div>
      )}
      <StatRow label="The run">
        <StatTile label="Looked at" value={formatCount(report.examined)} note="settled attempts" />
        <StatTile label="Unchanged" value={formatCount(report.unchanged)} />
        <StatTile
          label={isDry ? 'Would be corrected' : 'Corrected'}
          value={formatCount(corrected)}
          note={<Signed usd={report.corrected_usd} />}
        />
        <StatTile label="Kept" value={formatCount(report.kept)} note="reported or invoiced by the provider" />
      </StatRow>
      {report.skipped.map(({ reason, attempts, example }) => (
        <p key={reason} className="label mt-2">
          {formatCount(attempts)} left out: {reason} (such as {example})
        </p>
      ))}
      {corrected === 0 ? (
        <p className="mt-4">
          Every call since {report.since.slice(0, 10)} stands at the price the book has for it. Nothing to post.
        </p>
      ) : (
        <div className="mt-4">
          {isDry && (
            <button type="button" className="button button-primary mb-4" onClick={onPost}>
              Post the corrections
            </button>
          )}
          <DataTable
            caption="Corrections"
            columns={columns}
            rows={report.corrections}
            rowId={({ attempt_id: id }) => id}
            empty={null}
            pageSize={25}
          />
        </div>
      )}
    </section>
  )
}

const columns: readonly DataColumn<RerateReportWire['corrections'][number]>[] = [
  {
    id: 'offer',
    header: 'Offer',
    rowHeader: true,
    sort: ({ offer }) => offer,
    cell: ({ offer }) => <span className="break-all">{offer}</span>,
  },
  {
    id: 'request',
    header: 'Request',
    hideBelow: 'md',
    cell: ({ request_id: id }) => (
      <a href={`/requests/${id}`} className="num font-mono text-sm underline underline-offset-2">
        {id}
      </a>
    ),
  },
  { id: 'was', header: 'Was', numeric: true, cell: ({ was_usd: usd }) => <Exact usd={usd} /> },
  { id: 'is', header: 'Is', numeric: true, cell: ({ is_usd: usd }) => <Exact usd={usd} /> },
]
