import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { BudgetWire } from '../../../../src/contract/admin.ts'
import { call } from '../../api/client.ts'
import { budgetsQuery } from '../../api/settings-queries.ts'
import { useNow } from '../../lib/use-now.ts'
import { TableSkeleton } from '../../ui/data-table.tsx'
import { ConfirmDialog } from '../../ui/dialog.tsx'
import { ManagedBadge } from '../../ui/managed-badge.tsx'
import { Short } from '../../ui/money.tsx'
import { EmptyState, ErrorNotice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePeople } from '../people/use-people.ts'
import { usePermission } from '../shell/use-session.ts'
import { BudgetForm } from './budget-form.tsx'
import { BurnBar, BurnLegend } from './burn-bar.tsx'
import { refreshBudgets } from './refresh-budgets.ts'
import { type BudgetRow, selectBudgetRows } from './select-budgets.ts'

type Editing = { readonly kind: 'new' } | { readonly kind: 'change'; readonly budget: BudgetWire } | undefined

export function BudgetsTab() {
  const query = useQuery(budgetsQuery)
  const { names } = usePeople()
  const mayWrite = usePermission('budgets.write')
  const now = useNow(60_000)
  const [editing, setEditing] = useState<Editing>()
  const [removing, setRemoving] = useState<BudgetRow>()
  const create = mayWrite && (
    <button type="button" className="button button-primary" onClick={() => setEditing({ kind: 'new' })}>
      New budget
    </button>
  )
  if (query.isPending) return <TableSkeleton caption="Budgets" />
  if (!query.data)
    return <ErrorNotice error={query.error} title="The budgets could not be read" retry={() => void query.refetch()} />
  const rows = selectBudgetRows(query.data.data, names, now)
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        {rows.length > 0 ? <BurnLegend /> : <span />}
        {create}
      </div>
      {rows.length === 0 ? (
        <EmptyState title="Nothing is limited">
          Anybody with a key can spend as much as the providers let them.{' '}
          {mayWrite ? 'Begin with a hard budget for the whole gateway and month.' : 'Ask an administrator for a budget.'}
        </EmptyState>
      ) : (
        <ul aria-label="Budgets, most used first" className="mt-2 border-t border-ink">
          {rows.map((row) => (
            <BudgetItem
              key={row.budget.id}
              row={row}
              mayWrite={mayWrite}
              onEdit={() => setEditing({ kind: 'change', budget: row.budget })}
              onDelete={() => setRemoving(row)}
            />
          ))}
        </ul>
      )}
      <BudgetForm
        key={editing?.kind === 'change' ? editing.budget.id : 'new'}
        open={editing !== undefined}
        budget={editing?.kind === 'change' ? editing.budget : undefined}
        onClose={() => setEditing(undefined)}
      />
      <DeleteBudget row={removing} onClose={() => setRemoving(undefined)} />
    </>
  )
}

interface ItemProps {
  readonly row: BudgetRow
  readonly mayWrite: boolean
  readonly onEdit: () => void
  readonly onDelete: () => void
}

function BudgetItem({ row, mayWrite, onEdit, onDelete }: ItemProps) {
  const { budget } = row
  const colour = { ink: 'text-muted', warn: 'text-warn', bad: 'text-bad' }[row.outlook.tone]
  return (
    <li className="budget-row" data-budget={budget.id}>
      <div className="min-w-0">
        <h3 className="font-semibold break-words">{row.title}</h3>
        <p className="label mt-0.5 flex flex-wrap items-center gap-1.5">
          {row.what}
          <ManagedBadge by={budget.managed_by} reason={row.readOnly} />
        </p>
        <p className="num label mt-1 font-mono break-all whitespace-normal">{budget.id}</p>
      </div>
      <div className="budget-burn min-w-0">
        <p className="flex flex-wrap items-baseline justify-between gap-x-4">
          <span>
            <Short usd={budget.spent_usd} className="text-lg font-semibold" />
            <span className="text-muted">
              {' '}
              of <Short usd={budget.limit_usd} />
            </span>
          </span>
          <span className={`num font-semibold ${{ ink: '', warn: 'text-warn', bad: 'text-bad' }[row.tone]}`}>{row.share}</span>
        </p>
        <BurnBar bar={row.bar} tone={row.tone} />
        <p className="mt-0.5 flex flex-wrap justify-between gap-x-4 text-sm">
          <span className={colour}>{row.outlook.text}</span>
          <span className="num text-muted">
            <Short usd={budget.held_usd} /> held, <Left usd={budget.remaining_usd} />
          </span>
        </p>
      </div>
      {mayWrite && row.readOnly === null ? (
        <div className="flex items-start gap-1">
          <button type="button" className="button button-quiet text-sm" onClick={onEdit}>
            Edit<span className="sr-only"> the budget {budget.id}</span>
          </button>
          <button type="button" className="button button-quiet text-sm" onClick={onDelete}>
            Delete<span className="sr-only"> the budget {budget.id}</span>
          </button>
        </div>
      ) : (
        <span />
      )}
    </li>
  )
}

function DeleteBudget({ row, onClose }: { row: BudgetRow | undefined; onClose: () => void }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: (id: string) => call('deleteBudget', { id }),
    onSuccess: async ({ id }) => {
      await refreshBudgets(queryClient)
      toast(`The budget ${id} is deleted`)
      onClose()
    },
  })
  const id = row?.budget.id ?? ''
  return (
    <ConfirmDialog
      open={row !== undefined}
      title={`Delete the budget ${id}?`}
      confirm="Delete the budget"
      danger
      pending={remove.isPending}
      onConfirm={() => remove.mutate(id)}
      onClose={onClose}
    >
      {remove.error && <ErrorNotice error={remove.error} title="It was not deleted" />}
      <p>
        {row?.title} is no longer limited by it, from the next request on. What was spent stays in the ledger; the change stands
        in the audit log.
      </p>
    </ConfirmDialog>
  )
}

const Left = ({ usd }: { usd: string }) =>
  usd.startsWith('-') ? (
    <>
      <Short usd={usd.slice(1)} /> over
    </>
  ) : (
    <>
      <Short usd={usd} /> left
    </>
  )
