import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { call } from '../../api/client.ts'
import type { Answer } from '../../api/paths.ts'
import { sessionsQuery, settingsKeys } from '../../api/settings-queries.ts'
import { formatAge, formatMoment } from '../../lib/time.ts'
import { useNow } from '../../lib/use-now.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { EmptyState } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'

type Session = Answer<'listSessions'>['data'][number]

/** Who is signed in, and a way to sign somebody out. */
export function SessionsTab() {
  const { data, error, refetch } = useQuery(sessionsQuery)
  const queryClient = useQueryClient()
  const toast = useToast()
  const now = useNow(60_000)
  const { mutate, isPending } = useMutation({
    mutationFn: ({ id }: Session) => call('endSession', { id }),
    onSuccess: async (_, { name }) => {
      await queryClient.invalidateQueries({ queryKey: settingsKeys.sessions })
      toast(`${name} is signed out`)
    },
    onError: (failure) => toast(failure.message),
  })
  const columns = useMemo(() => columnsOf(now, isPending, mutate), [now, isPending, mutate])
  return (
    <DataTable
      caption="Sessions, newest first"
      columns={columns}
      rows={data?.data}
      rowId={({ id }) => id}
      error={error}
      retry={() => void refetch()}
      empty={<EmptyState title="Nobody is signed in">A session stands here from its first page on.</EmptyState>}
    />
  )
}

const columnsOf = (now: number, busy: boolean, end: (session: Session) => void): readonly DataColumn<Session>[] => [
  {
    id: 'who',
    header: 'Who',
    rowHeader: true,
    sort: ({ name }) => name,
    cell: ({ name, subject, by, current }) => (
      <>
        <span className="break-all">{name}</span>
        {current && <span className="label"> this one</span>}
        <span className="label block font-normal break-all" title={subject}>
          {by === 'key' ? 'by key' : 'by the identity provider'}
        </span>
      </>
    ),
  },
  { id: 'address', header: 'From', hideBelow: 'sm', cell: ({ address }) => <span className="num break-all">{address}</span> },
  {
    id: 'since',
    header: 'Since',
    hideBelow: 'md',
    sort: ({ created_at }) => Date.parse(created_at),
    cell: ({ created_at }) => <span className="num">{formatMoment(created_at).slice(0, 16)}</span>,
  },
  { id: 'seen', header: 'Seen', sort: ({ seen_at }) => Date.parse(seen_at), cell: ({ seen_at }) => formatAge(seen_at, now) },
  {
    id: 'ends',
    header: 'Ends',
    hideBelow: 'md',
    sort: ({ expires_at }) => Date.parse(expires_at),
    cell: ({ expires_at }) => <span className="num">{formatMoment(expires_at).slice(0, 16)}</span>,
  },
  {
    id: 'end',
    header: <span className="sr-only">Change</span>,
    numeric: true,
    cell: (session) =>
      !session.current && (
        <button type="button" className="button button-quiet text-sm" disabled={busy} onClick={() => end(session)}>
          Sign out<span className="sr-only"> {session.name}</span>
        </button>
      ),
  },
]
