import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { TagRuleWire } from '../../../../src/contract/insight.ts'
import { call } from '../../api/client.ts'
import { keys, tagRulesQuery } from '../../api/queries.ts'
import { type DataColumn, DataTable } from '../../ui/data-table.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { RuleEditor } from './rule-editor.tsx'
import { emptyRule, formOf, type RuleForm, whenText } from './select-rules.ts'

/** Labels for history: read when a question is answered, so no charge and no request is touched. */
export function TagRules() {
  const [open, setOpen] = useState(false)
  const [form, setForm] = useState<RuleForm>()
  const close = () => {
    setOpen(false)
    setForm(undefined)
  }
  const title = form === undefined ? 'Tag rules' : form.id === undefined ? 'New tag rule' : `Change ${form.name}`
  return (
    <>
      <button type="button" className="button text-sm" onClick={() => setOpen(true)}>
        Tag rules
      </button>
      <Dialog open={open} onClose={close} title={title} kind="wide">
        {form === undefined ? (
          <RuleList onEdit={setForm} />
        ) : (
          <RuleEditor key={form.id ?? 'new'} start={form} onDone={() => setForm(undefined)} />
        )}
      </Dialog>
    </>
  )
}

function RuleList({ onEdit }: { onEdit: (form: RuleForm) => void }) {
  const { data, error, refetch } = useQuery(tagRulesQuery)
  const mayWrite = usePermission('views.write')
  const [leaving, setLeaving] = useState<TagRuleWire>()
  const rules = data?.data
  return (
    <>
      <p className="mb-4 max-w-3xl text-sm text-muted">
        Where all conditions of a rule match, its tag reads as the rule says, in every figure of the past. The first rule that
        matches counts. Charges and requests stay as they are: a deleted rule leaves history as it was sent.
      </p>
      <DataTable
        caption="Tag rules, in the order they are applied"
        columns={columnsOf(mayWrite, onEdit, setLeaving)}
        rows={rules}
        rowId={({ id }) => id}
        error={error}
        retry={() => void refetch()}
        empty={<p className="py-6 text-center text-muted">No rule yet: tags read as requests carried them.</p>}
      />
      {mayWrite && (
        <button type="button" className="button button-primary mt-4" onClick={() => onEdit(emptyRule)}>
          Add a rule
        </button>
      )}
      {leaving && <DeleteRule rule={leaving} onClose={() => setLeaving(undefined)} />}
    </>
  )
}

function columnsOf(
  mayWrite: boolean,
  onEdit: (form: RuleForm) => void,
  onDelete: (rule: TagRuleWire) => void,
): readonly DataColumn<TagRuleWire>[] {
  return [
    { id: 'position', header: 'Order', numeric: true, cell: ({ position }) => position, hideBelow: 'sm' },
    {
      id: 'name',
      header: 'Rule',
      rowHeader: true,
      cell: ({ name, enabled }) => (
        <>
          <span className="break-words">{name}</span>
          {!enabled && <span className="label block">switched off</span>}
        </>
      ),
    },
    { id: 'when', header: 'Where', cell: ({ when }) => <span className="break-words">{whenText(when)}</span> },
    {
      id: 'then',
      header: 'Reads as',
      cell: ({ key, value }) => (
        <span className="break-words">
          {key}={value}
        </span>
      ),
    },
    ...(mayWrite
      ? [
          {
            id: 'actions',
            header: <span className="sr-only">Actions</span>,
            className: 'text-right whitespace-nowrap',
            cell: (rule: TagRuleWire) => (
              <>
                <button type="button" className="button button-quiet text-sm" onClick={() => onEdit(formOf(rule))}>
                  Change<span className="sr-only"> {rule.name}</span>
                </button>
                <button type="button" className="button button-quiet text-sm" onClick={() => onDelete(rule)}>
                  Delete<span className="sr-only"> {rule.name}</span>
                </button>
              </>
            ),
          },
        ]
      : []),
  ]
}

function DeleteRule({ rule, onClose }: { rule: TagRuleWire; onClose: () => void }) {
  const client = useQueryClient()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: () => call('deleteTagRule', { id: rule.id }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.tagRules })
      await client.invalidateQueries({ queryKey: keys.insight })
      toast(`${rule.name} is deleted`)
      onClose()
    },
  })
  return (
    <ConfirmDialog
      open
      danger
      title={`Delete ${rule.name}?`}
      confirm="Delete the rule"
      pending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>History reads as it was tagged again, at once and for everybody.</p>
      {remove.error && <ErrorNotice error={remove.error} title="The rule was not deleted" />}
    </ConfirmDialog>
  )
}
