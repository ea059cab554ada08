import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import type { Answer, Body } from '../../api/paths.ts'
import { keys as cacheKeys } from '../../api/queries.ts'
import { Form, FormButtons, IdField, SelectField, TextArea, TextField } from '../../ui/form.tsx'
import { useToast } from '../../ui/toast.tsx'
import { idFrom, parseDays, parseTagLines, promptModes, retentionBody, tagLines } from './select-budgets.ts'

type Project = Answer<'listProjects'>['data'][number]
type PromptMode = Project['prompt_mode']

const fields = ['id', 'name', 'prompt_mode', 'asset_ttl_days', 'content_ttl_days', 'records_ttl_days', 'tags']

/** Makes a project, or changes one. */
export function ProjectForm({ project, onClose }: { project: Project | undefined; onClose: () => void }) {
  const [name, setName] = useState(project?.name ?? '')
  const [ownId, setOwnId] = useState<string>()
  const [mode, setMode] = useState<PromptMode>(project?.prompt_mode ?? 'full')
  const [days, setDays] = useState({
    images: String(project?.asset_ttl_days ?? 30),
    content: String(project?.content_ttl_days ?? ''),
    records: String(project?.records_ttl_days ?? ''),
  })
  const [tagText, setTagText] = useState(tagLines(project?.tags ?? {}))
  const [tried, setTried] = useState(false)
  const queryClient = useQueryClient()
  const toast = useToast()
  const id = project?.id ?? ownId ?? idFrom(name)
  const { tags, problem } = parseTagLines(tagText)
  const retention = retentionBody(days, project === undefined)
  const save = useMutation({
    mutationFn: (body: Body<'putProject'>) => call('putProject', { id, body }),
    onSuccess: async (saved) => {
      await queryClient.invalidateQueries({ queryKey: cacheKeys.filterOptions })
      toast(`The project ${saved.name} is saved`)
      onClose()
    },
  })
  const submit = () => {
    setTried(true)
    if (name.trim() === '' || problem !== undefined || retention === undefined) return
    save.mutate({ name: name.trim(), prompt_mode: mode, ...retention, tags })
  }
  const daysField = (which: keyof typeof days, least: number, most: number, label: string, hint: string) => (
    <TextField
      name={{ images: 'asset_ttl_days', content: 'content_ttl_days', records: 'records_ttl_days' }[which]}
      label={label}
      hint={hint}
      inputMode="numeric"
      placeholder={which === 'images' ? '' : 'for good'}
      value={days[which]}
      problem={
        tried && parseDays(days[which], least, most, which !== 'images') === undefined
          ? `Write a whole number of days, ${least} to ${most}.`
          : undefined
      }
      onChange={(event) => setDays({ ...days, [which]: event.target.value })}
    />
  )
  return (
    <Form error={save.error} fields={fields} onSubmit={submit}>
      <TextField
        name="name"
        label="Name"
        value={name}
        maxLength={128}
        problem={tried && name.trim() === '' ? 'Give it a name.' : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      {!project && <IdField value={id} onChange={setOwnId} />}
      <SelectField
        name="prompt_mode"
        label="Prompts"
        hint="Of requests from now on; the money is kept in every case."
        value={mode}
        onChange={(event) => setMode((['full', 'hmac', 'none'] as const).find((each) => each === event.target.value) ?? 'full')}
      >
        {Object.entries(promptModes).map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </SelectField>
      {daysField('images', 0, 3650, 'Days that images are kept', '0: they are not stored at all.')}
      {daysField(
        'content',
        1,
        3650,
        'Days that prompts and answers are kept',
        'With parameters and messages of providers. Empty: until somebody deletes them.',
      )}
      {daysField(
        'records',
        1,
        36_500,
        'Days that whole records are kept',
        project
          ? 'Decision, attempts and events go; what was charged never does. Empty: for good.'
          : 'Decision, attempts and events go; what was charged never does. Empty: as the configuration says, else for good.',
      )}
      <TextArea
        name="tags"
        label="Tags"
        rows={3}
        hint="One name=value per line; they stand on every request of the project."
        value={tagText}
        spellCheck={false}
        problem={tried ? problem : undefined}
        onChange={(event) => setTagText(event.target.value)}
      />
      <FormButtons submit={project ? 'Save the project' : 'Create the project'} busy={save.isPending} onCancel={onClose} />
    </Form>
  )
}
