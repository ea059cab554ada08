import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { AlertChannelWire } from '../../../../src/contract/alerts-endpoints.ts'
import { alertKinds } from '../../../../src/core/alert.ts'
import { call } from '../../api/client.ts'
import { statusQuery } from '../../api/queries.ts'
import { channelsQuery, settingsKeys } from '../../api/settings-queries.ts'
import { formatCount } from '../../lib/numbers.ts'
import { formatMoment } from '../../lib/time.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { alertsSnippet } from './select-settings.ts'

/** Who is told of what, and whether it arrives. */
export function AlertsTab() {
  const { data, error, refetch } = useQuery(channelsQuery)
  const status = useQuery(statusQuery)
  const mayTest = usePermission('settings.write')
  const columns = useMemo(() => columnsOf(mayTest), [mayTest])
  return (
    <>
      <DataTable
        caption="Alert channels"
        columns={columns}
        rows={data?.data}
        rowId={({ name }) => name}
        error={error}
        retry={() => void refetch()}
        empty={
          <EmptyState title="Nobody is told of anything">
            A signed webhook, Slack or mail can be told of budgets, failing offers, odd bills and unknown money. Put one into the
            configuration file, as below.
          </EmptyState>
        }
      />
      <details className="mt-4 max-w-3xl text-sm" open={data?.data.length === 0}>
        <summary className="text-muted">How to add or change one</summary>
        <p className="mt-2">
          Channels stand in <code className="break-all">{status.data?.config_file ?? 'halftone.yaml'}</code> and nowhere else, so
          that what is told to whom is reviewed like the rest of it. Take what you need, with the secrets from the environment;
          the file is read again by itself.
        </p>
        <div className="mt-2 flex items-start gap-2">
          <pre className="sheet min-w-0 flex-1 p-3 font-mono text-[0.8rem] break-words whitespace-pre-wrap">{alertsSnippet}</pre>
          <CopyButton text={alertsSnippet} label="Copy the example" />
        </div>
      </details>
      <details className="mt-4 max-w-3xl text-sm">
        <summary className="text-muted">What there is to be told of</summary>
        <dl className="mt-1">
          {Object.entries(alertKinds).map(([kind, text]) => (
            <div key={kind} className="grid gap-x-4 border-b border-rule py-1 sm:grid-cols-[13rem_minmax(0,1fr)]">
              <dt className="font-mono text-[0.8rem]">{kind}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  )
}

const columnsOf = (mayTest: boolean): readonly DataColumn<AlertChannelWire>[] => [
  {
    id: 'name',
    header: 'Channel',
    rowHeader: true,
    sort: ({ name }) => name,
    cell: ({ name, type, target }) => (
      <>
        {name}
        <span className="label block font-normal break-all">
          {type}: {target}
        </span>
      </>
    ),
  },
  {
    id: 'kinds',
    header: 'Told of',
    hideBelow: 'sm',
    cell: ({ kinds, min_severity }) => (
      <>
        <span className="break-words">{kinds === null ? 'everything' : kinds.join(', ')}</span>
        {min_severity !== 'info' && <span className="label block">{min_severity} and worse</span>}
      </>
    ),
  },
  { id: 'sent', header: 'Sent', numeric: true, sort: ({ sent }) => sent, cell: ({ sent }) => formatCount(sent) },
  {
    id: 'failed',
    header: 'Failed',
    numeric: true,
    hideBelow: 'sm',
    sort: ({ failed }) => failed,
    cell: ({ failed }) => formatCount(failed),
  },
  {
    id: 'last',
    header: 'Last',
    hideBelow: 'md',
    cell: ({ last_sent_at, last_failure }) =>
      last_failure ? (
        <span className="text-bad">
          {last_failure.message}
          <span className="label block">{formatMoment(last_failure.at).slice(0, 19)}</span>
        </span>
      ) : last_sent_at === null ? (
        <span className="text-muted">nothing since its start</span>
      ) : (
        <span className="num">{formatMoment(last_sent_at).slice(0, 19)}</span>
      ),
  },
  ...(mayTest
    ? [
        {
          id: 'test',
          header: <span className="sr-only">Try it</span>,
          numeric: true,
          cell: ({ name }: AlertChannelWire) => <TestChannel name={name} />,
        },
      ]
    : []),
]

function TestChannel({ name }: { name: string }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const test = useMutation({
    mutationFn: () => call('testAlertChannel', { id: name }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: settingsKeys.channels }),
    onSuccess: ({ message }) => toast(`${name}: ${message}`),
    onError: (error) => toast(`${name}: ${error.message}`),
  })
  return (
    <button type="button" className="button button-quiet text-sm" disabled={test.isPending} onClick={() => test.mutate()}>
      {test.isPending ? 'Sending' : 'Test'}
      <span className="sr-only"> the channel {name}</span>
    </button>
  )
}
