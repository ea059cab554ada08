import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { BudgetWire } from '../../../../src/contract/admin.ts'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import { sessionQuery } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Form, FormButtons, IdField, SelectField, TextField } from '../../ui/form.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePeople } from '../people/use-people.ts'
import { HardChoice } from './hard-choice.tsx'
import { refreshBudgets } from './refresh-budgets.ts'
import { idFrom, usdOf } from './select-budgets.ts'

type Scope = Body<'putBudget'>['scope']
type Period = Body<'putBudget'>['period']

const scopes: readonly { readonly value: Scope; readonly label: string }[] = [
  { value: 'global', label: 'The whole gateway' },
  { value: 'project', label: 'A project' },
  { value: 'key', label: 'A key' },
  { value: 'customer', label: 'An end customer' },
  { value: 'tag', label: 'A tag' },
]
const periods = [
  { value: 'day', label: 'Per day' },
  { value: 'month', label: 'Per month' },
  { value: 'total', label: 'In total' },
] as const

const fields = ['id', 'scope', 'scope_value', 'period', 'limit_usd', 'hard']

interface Props {
  readonly open: boolean
  readonly budget: BudgetWire | undefined
  readonly onClose: () => void
}

/** Making a budget, or changing one. What a budget is of stays as it is: another one is another budget. */
export function BudgetForm({ open, budget, onClose }: Props) {
  return (
    <Dialog open={open} onClose={onClose} kind="sheet" title={budget ? `Budget ${budget.id}` : 'New budget'}>
      <BudgetFields budget={budget} onClose={onClose} />
    </Dialog>
  )
}

function BudgetFields({ budget, onClose }: Omit<Props, 'open'>) {
  const { data: session } = useQuery(sessionQuery)
  // The owner of a project divides its money among its keys.
  const offered = session?.reach === 'all' ? scopes : scopes.filter(({ value }) => value === 'key')
  // Scopes and periods of the contract, which the object types as text.
  const [scope, setScope] = useState<Scope>((budget?.scope as Scope | undefined) ?? offered[0]?.value ?? 'key')
  const [value, setValue] = useState(budget?.scope_value ?? '')
  const [period, setPeriod] = useState<Period>(budget?.period ?? 'month')
  const [limit, setLimit] = useState(budget?.limit_usd ?? '')
  const [hard, setHard] = useState(budget?.hard ?? true)
  const [ownId, setOwnId] = useState<string>()
  const id = budget?.id ?? ownId ?? idFrom(scope === 'global' ? 'gateway' : scope, value, period)
  const amount = usdOf(limit)
  const { save, problem, submit } = useSave(onClose, { id, scope, value, amount, body: { period, hard } })
  return (
    <Form error={save.error} fields={fields} onSubmit={submit}>
      <SelectField
        name="scope"
        label="Limits"
        value={scope}
        disabled={budget !== undefined}
        onChange={(event) => {
          const chosen = offered.find((each) => each.value === event.target.value)
          if (!chosen) return
          setScope(chosen.value)
          setValue('')
        }}
      >
        {offered.map((each) => (
          <option key={each.value} value={each.value}>
            {each.label}
          </option>
        ))}
      </SelectField>
      {scope !== 'global' && (
        <ScopeValue scope={scope} value={value} disabled={budget !== undefined} problem={problem.value} onChange={setValue} />
      )}
      <Field
        name="period"
        label="Period"
        hint={period === 'total' ? 'It never starts again.' : 'It starts again at midnight UTC.'}
      >
        {() => <Segmented label="Period" choices={periods} value={period} onChange={setPeriod} />}
      </Field>
      <TextField
        name="limit_usd"
        label="Limit in USD"
        inputMode="decimal"
        autoComplete="off"
        placeholder="250.00"
        value={limit}
        problem={problem.limit}
        onChange={(event) => setLimit(event.target.value)}
      />
      <HardChoice hard={hard} onChange={setHard} />
      {!budget && <IdField value={id} onChange={setOwnId} />}
      <FormButtons submit={budget ? 'Save the budget' : 'Create the budget'} busy={save.isPending} onCancel={onClose} />
    </Form>
  )
}

interface Wanted {
  readonly id: string
  readonly scope: Scope
  readonly value: string
  readonly amount: string | undefined
  readonly body: Pick<Body<'putBudget'>, 'period' | 'hard'>
}

function useSave(onClose: () => void, { id, scope, value, amount, body }: Wanted) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const [tried, setTried] = useState(false)
  const save = useMutation({
    mutationFn: (limit: string) =>
      call('putBudget', {
        id,
        body: { ...body, scope, limit_usd: limit, ...(scope === 'global' ? {} : { scope_value: value.trim() }) },
      }),
    onSuccess: async (saved) => {
      await refreshBudgets(queryClient)
      toast(`The budget ${saved.id} holds from the next request on`)
      onClose()
    },
  })
  const problem = {
    limit: tried && amount === undefined ? 'Write an amount such as 250 or 0.05.' : undefined,
    value: tried && scope !== 'global' && value.trim() === '' ? 'Say whose budget it is.' : undefined,
  }
  const submit = () => {
    setTried(true)
    if (amount !== undefined && (scope === 'global' || value.trim() !== '')) save.mutate(amount)
  }
  return { save, problem, submit }
}

interface ScopeValueProps {
  readonly scope: Exclude<Scope, 'global'>
  readonly value: string
  readonly disabled: boolean
  readonly problem: string | undefined
  readonly onChange: (value: string) => void
}

/** Whose budget it is: picked where there is a list, typed where there is none. */
function ScopeValue({ scope, value, disabled, problem, onChange }: ScopeValueProps) {
  const { keys, projects } = usePeople()
  const common = { name: 'scope_value', value, disabled, problem }
  if (scope === 'key' || scope === 'project') {
    const listed =
      scope === 'key'
        ? (keys.data?.data ?? []).filter(({ revoked_at }) => revoked_at === null).map(({ id, name }) => ({ id, name }))
        : (projects.data?.data ?? []).map(({ id, name }) => ({ id, name }))
    const isListed = value === '' || listed.some(({ id }) => id === value)
    return (
      <SelectField {...common} label={scope === 'key' ? 'Key' : 'Project'} onChange={(event) => onChange(event.target.value)}>
        <option value="">Choose one</option>
        {!isListed && <option value={value}>{value}</option>}
        {listed.map(({ id, name }) => (
          <option key={id} value={id}>
            {name === id ? id : `${name} (${id})`}
          </option>
        ))}
      </SelectField>
    )
  }
  const text = {
    customer: { label: 'End customer', placeholder: 'customer-42', hint: 'As clients send it in `user` or `safety_identifier`.' },
    tag: { label: 'Tag', placeholder: 'campaign=summer', hint: 'A name, an equals sign, and a value.' },
  }[scope]
  return <TextField {...common} {...text} maxLength={128} onChange={(event) => onChange(event.target.value)} />
}
