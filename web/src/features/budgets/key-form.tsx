import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { CreatedKey } from '../../../../src/contract/admin.ts'
import { mayGrant, type Role, roles } from '../../../../src/core/access/roles.ts'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import { keys as cacheKeys, modelsQuery, sessionQuery } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Form, SelectField, TextArea, TextField } from '../../ui/form.tsx'
import { TokenField } from '../../ui/token-field.tsx'
import { usePeople } from '../people/use-people.ts'
import { refreshBudgets } from './refresh-budgets.ts'
import { parseTagLines, usdOf } from './select-budgets.ts'

interface Props {
  readonly open: boolean
  readonly onClose: () => void
  readonly onCreated: (key: CreatedKey) => void
}

export function KeyForm({ open, onClose, onCreated }: Props) {
  return (
    <Dialog open={open} onClose={onClose} kind="sheet" title="New key">
      <KeyFields onClose={onClose} onCreated={onCreated} />
    </Dialog>
  )
}

const roleTexts: Readonly<Record<Role, string>> = {
  inference: 'Application: makes images, sees its own requests',
  project_owner: 'Project owner: everything of one project',
  finance: 'Finance: all money, no prompts, no images',
  operator: 'Operator: runs the gateway',
  admin: 'Admin: everything',
}
const fields = ['name', 'role', 'project_id', 'allowed_models', 'tags', 'max_usd_per_day']

function KeyFields({ onClose, onCreated }: Omit<Props, 'open'>) {
  const { data: session } = useQuery(sessionQuery)
  const models = useQuery(modelsQuery).data?.data ?? []
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('inference')
  const [project, setProject] = useState('')
  const [allowed, setAllowed] = useState<readonly string[]>([])
  const [tagText, setTagText] = useState('')
  const [cap, setCap] = useState('')
  const [tried, setTried] = useState(false)
  const { tags, problem: tagProblem } = parseTagLines(tagText)
  const amount = cap.trim() === '' ? null : usdOf(cap)
  const create = useCreate(onCreated)
  const submit = () => {
    setTried(true)
    if (name.trim() === '' || amount === undefined || tagProblem !== undefined) return
    create.mutate({
      name: name.trim(),
      role,
      ...(project !== '' && { project_id: project }),
      ...(allowed.length > 0 && { allowed_models: [...allowed] }),
      ...(Object.keys(tags).length > 0 && { tags }),
      ...(amount !== null && { max_usd_per_day: amount }),
    })
  }
  return (
    <Form error={create.error} fields={fields} onSubmit={submit}>
      <TextField
        name="name"
        label="Name"
        hint="Who or what will use it, such as web-shop."
        value={name}
        maxLength={128}
        autoComplete="off"
        problem={tried && name.trim() === '' ? 'Give it a name.' : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <RoleField role={role} by={session?.role} onChange={setRole} />
      {session?.reach === 'all' && <ProjectField project={project} onChange={setProject} />}
      <TokenField
        name="allowed_models"
        label="Models and routes it may use"
        hint="Leave it empty for all of them."
        placeholder="auto, openai/gpt-image-2"
        values={allowed}
        onChange={setAllowed}
        options={models.map(({ id }) => id)}
      />
      <TextField
        name="max_usd_per_day"
        label="Cap per day in USD"
        hint="A hard budget of this key. Leave it empty for none."
        inputMode="decimal"
        autoComplete="off"
        value={cap}
        problem={tried && amount === undefined ? 'Write an amount such as 25 or 0.5.' : undefined}
        onChange={(event) => setCap(event.target.value)}
      />
      <TextArea
        name="tags"
        label="Tags"
        rows={3}
        hint="One name=value per line; they stand on every request of the key."
        placeholder={'team=web\nstage=production'}
        value={tagText}
        spellCheck={false}
        problem={tried ? tagProblem : undefined}
        onChange={(event) => setTagText(event.target.value)}
      />
      <p className="label">
        Requests and images per minute are set in <code>halftone.yaml</code>, under <code>keys</code> and <code>limits</code>.
      </p>
      <div className="flex justify-end gap-2 border-t border-rule pt-4">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary" disabled={create.isPending}>
          Create the key
        </button>
      </div>
    </Form>
  )
}

interface RoleFieldProps {
  readonly role: Role
  /** Who makes the key; nobody hands out more than they have. */
  readonly by: Role | undefined
  readonly onChange: (role: Role) => void
}

function RoleField({ role, by, onChange }: RoleFieldProps) {
  return (
    <SelectField
      name="role"
      label="Role"
      value={role}
      onChange={(event) => onChange(roles.find((each) => each === event.target.value) ?? 'inference')}
    >
      {roles
        .filter((each) => by !== undefined && mayGrant(by, each))
        .toReversed()
        .map((each) => (
          <option key={each} value={each}>
            {roleTexts[each]}
          </option>
        ))}
    </SelectField>
  )
}

function ProjectField({ project, onChange }: { project: string; onChange: (project: string) => void }) {
  const { projects } = usePeople()
  return (
    <SelectField name="project_id" label="Project" value={project} onChange={(event) => onChange(event.target.value)}>
      <option value="">default</option>
      {(projects.data?.data ?? [])
        .filter(({ id }) => id !== 'default')
        .map((each) => (
          <option key={each.id} value={each.id}>
            {each.name === each.id ? each.id : `${each.name} (${each.id})`}
          </option>
        ))}
    </SelectField>
  )
}

function useCreate(onCreated: (key: CreatedKey) => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: (body: Body<'createKey'>) => call('createKey', { body }),
    onSuccess: async (key) => {
      // Of the lists only: the secret goes into no cache.
      await Promise.all([queryClient.invalidateQueries({ queryKey: cacheKeys.filterOptions }), refreshBudgets(queryClient)])
      onCreated(key)
    },
    gcTime: 0,
  })
}
