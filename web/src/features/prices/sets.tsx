import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { keys, priceSetsQuery } from '../../api/queries.ts'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { EmptyState, ErrorNotice, Loading } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'

/** Sets of prices in the order they were installed, and the way back. */
export function Sets() {
  const { data, error, refetch } = useQuery(priceSetsQuery)
  const mayWrite = usePermission('prices.write')
  if (error && !data) return <ErrorNotice error={error} title="The sets could not be read" retry={() => void refetch()} />
  if (!data) return <Loading label="Sets of prices" />
  const { current } = data
  if (data.data.length === 0) {
    return (
      <EmptyState title="The shipped prices are in use">
        Set <span className="num">{current.version}</span> came with this version. Change a rate in the book, accept a proposed
        change, or install a newer set with `halftone prices update`; each becomes a set here that can be rolled back.
      </EmptyState>
    )
  }
  return (
    <>
      <ol>
        {data.data.map((set) => (
          <li key={set.version} className="border-b border-rule py-2.5" data-set={set.version}>
            <p>
              <span className="num font-medium">{set.version}</span>
              {set.current && <span className="ml-2 text-sm text-good">in use</span>}
              {set.date && <span className="label ml-2">{set.date.slice(0, 16).replace('T', ' ')} UTC</span>}
            </p>
            {set.note && <p className="text-sm break-words text-muted">{set.note}</p>}
          </li>
        ))}
        <li className="py-2.5">
          Shipped with this version
          {current.origin === 'shipped' && (
            <>
              : <span className="num font-medium">{current.version}</span> <span className="ml-2 text-sm text-good">in use</span>
            </>
          )}
        </li>
      </ol>
      {mayWrite && current.origin === 'installed' && <RollBack from={current.version} more={data.data.length > 1} />}
    </>
  )
}

function RollBack({ from, more }: { from: string; more: boolean }) {
  const [asked, setAsked] = useState<'before' | 'shipped'>()
  const toast = useToast()
  const client = useQueryClient()
  const roll = useMutation({
    mutationFn: (to: 'before' | 'shipped') => call('rollbackPrices', { body: { from, to_shipped: to === 'shipped' } }),
    onSettled: () => setAsked(undefined),
    onSuccess: async ({ version, origin }) => {
      toast(`Prices ${version} (${origin}) are in use`)
      await client.invalidateQueries({ queryKey: keys.prices })
    },
  })
  return (
    <>
      {roll.error && <ErrorNotice error={roll.error} title="It was not rolled back" />}
      <div className="mt-4 flex flex-wrap gap-2">
        <button type="button" className="button" onClick={() => setAsked('before')}>
          Roll back to the one before
        </button>
        {more && (
          <button type="button" className="button" onClick={() => setAsked('shipped')}>
            Return to the shipped prices
          </button>
        )}
      </div>
      <ConfirmDialog
        open={asked !== undefined}
        title={asked === 'shipped' ? 'Return to the shipped prices?' : `Roll back ${from}?`}
        confirm="Roll back"
        pending={roll.isPending}
        onConfirm={() => asked && roll.mutate(asked)}
        onClose={() => setAsked(undefined)}
      >
        Quotes, budgets and routes go by the other prices at once. What was charged by {from} stays, and can be looked up.
      </ConfirmDialog>
    </>
  )
}
