import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Popover } from 'radix-ui'
import { useState } from 'react'
import type { ViewWire } from '../../../../src/contract/insight.ts'
import { call } from '../../api/client.ts'
import { keys, viewsQuery } from '../../api/queries.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import type { ExploreSearch } from './select-explore.ts'
import { isChanged, newId, queryOf, searchOf } from './select-views.ts'

interface Props {
  readonly search: ExploreSearch
  readonly onChange: (next: Record<string, unknown>) => void
}

type Task = { readonly kind: 'save' } | { readonly kind: 'rename' | 'delete'; readonly view: ViewWire }

/** Questions worth asking again: opened, saved, renamed, deleted, shared as a link. */
export function SavedViews({ search, onChange }: Props) {
  const { data, error } = useQuery(viewsQuery)
  const mayWrite = usePermission('views.write')
  const [open, setOpen] = useState(false)
  const [task, setTask] = useState<Task>()
  const views = (data?.data ?? []).filter(({ page }) => page === 'explore')
  const current = views.find(({ id }) => id === search.view)
  const begin = (next: Task) => {
    setOpen(false)
    setTask(next)
  }
  return (
    <>
      <Popover.Root open={open} onOpenChange={setOpen}>
        <Popover.Trigger className="button text-sm">
          <span className="max-w-48 truncate">{current ? current.name : 'Saved views'}</span>
          {current && isChanged(current, search) && <span className="label">changed</span>}
        </Popover.Trigger>
        <Popover.Portal>
          <Popover.Content
            aria-label="Saved views"
            className="menu w-80 max-w-[92vw]"
            align="end"
            sideOffset={4}
            collisionPadding={8}
          >
            {error && <ErrorNotice error={error} title="The views could not be read" />}
            <ul className="max-h-[50vh] overflow-y-auto py-1">
              {views.map((view) => (
                <ViewLine key={view.id} view={view} mayWrite={mayWrite} onTask={begin} onOpen={() => setOpen(false)} />
              ))}
              {views.length === 0 && !error && (
                <li className="px-3 py-4 text-center text-sm text-muted">None yet. Set up a question, then save it here.</li>
              )}
            </ul>
            {mayWrite && (
              <div className="flex flex-wrap gap-1 border-t border-rule p-2">
                <button type="button" className="button button-quiet text-sm" onClick={() => begin({ kind: 'save' })}>
                  Save as a new view
                </button>
                {current && isChanged(current, search) && (
                  <UpdateView view={current} search={search} onDone={() => setOpen(false)} />
                )}
              </div>
            )}
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
      {task && task.kind !== 'delete' && (
        <NameDialog task={task} search={search} onChange={onChange} onClose={() => setTask(undefined)} />
      )}
      {task?.kind === 'delete' && (
        <DeleteDialog
          view={task.view}
          onClose={() => setTask(undefined)}
          onDone={() => search.view === task.view.id && onChange({ ...search, view: undefined })}
        />
      )}
    </>
  )
}

function ViewLine(props: { view: ViewWire; mayWrite: boolean; onTask: (task: Task) => void; onOpen: () => void }) {
  const { view } = props
  const link = `${window.location.origin}/explore?${view.query}${view.query ? '&' : ''}view=${encodeURIComponent(view.id)}`
  return (
    <li className="flex items-center gap-1 px-2 hover:bg-well" data-view={view.name}>
      <Link
        to="/explore"
        search={searchOf(view)}
        className="min-w-0 flex-1 truncate py-1.5 pl-1 text-ink no-underline"
        onClick={props.onOpen}
      >
        {view.name}
      </Link>
      <CopyButton text={link} label={`Copy the link to ${view.name}`} />
      {props.mayWrite && (
        <>
          <button type="button" className="button button-quiet text-sm" onClick={() => props.onTask({ kind: 'rename', view })}>
            Rename<span className="sr-only"> {view.name}</span>
          </button>
          <button type="button" className="button button-quiet text-sm" onClick={() => props.onTask({ kind: 'delete', view })}>
            Delete<span className="sr-only"> {view.name}</span>
          </button>
        </>
      )}
    </li>
  )
}

function UpdateView({ view, search, onDone }: { view: ViewWire; search: ExploreSearch; onDone: () => void }) {
  const put = usePutView()
  const toast = useToast()
  return (
    <>
      <button
        type="button"
        className="button button-quiet text-sm"
        disabled={put.isPending}
        onClick={() =>
          put.mutate(
            { id: view.id, name: view.name, query: queryOf(search), version: view.version },
            {
              onSuccess: () => {
                toast(`${view.name} is updated`)
                onDone()
              },
            },
          )
        }
      >
        Update {view.name}
      </button>
      {put.error && <ErrorNotice error={put.error} title="The view was not saved" />}
    </>
  )
}

function usePutView() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, ...view }: { id: string; name: string; query: string; version?: number }) =>
      call('putView', { id, body: { page: 'explore', ...view } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.views }),
  })
}

function NameDialog(props: Props & { task: Exclude<Task, { kind: 'delete' }>; onClose: () => void }) {
  const { task, search } = props
  const known = task.kind === 'rename' ? task.view : undefined
  const [name, setName] = useState(known?.name ?? '')
  const put = usePutView()
  const toast = useToast()
  const save = () => {
    const view = known
      ? { id: known.id, name, query: known.query, version: known.version }
      : { id: newId(name, Date.now()), name, query: queryOf(search) }
    put.mutate(view, {
      onSuccess: () => {
        toast(known ? `It is called ${name.trim()} now` : `${name.trim()} is saved`)
        if (!known) props.onChange({ ...search, view: view.id })
        props.onClose()
      },
    })
  }
  const form = 'name-of-view'
  return (
    <Dialog open onClose={props.onClose} title={known ? `Rename ${known.name}` : 'Save this view'}>
      <Form error={put.error} fields={['name']} onSubmit={save}>
        <TextField
          id={form}
          name="name"
          label="Name"
          required
          maxLength={128}
          value={name}
          onChange={(event) => setName(event.target.value)}
          hint="Everybody who may see these figures sees it. It keeps the question, not the answer."
        />
        <div className="flex justify-end">
          <button type="submit" className="button button-primary" disabled={put.isPending || name.trim() === ''}>
            {known ? 'Rename' : 'Save'}
          </button>
        </div>
      </Form>
    </Dialog>
  )
}

function DeleteDialog({ view, onClose, onDone }: { view: ViewWire; onClose: () => void; onDone: () => void }) {
  const client = useQueryClient()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: () => call('deleteView', { id: view.id }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.views })
      toast(`${view.name} is deleted`)
      onDone()
      onClose()
    },
  })
  return (
    <ConfirmDialog
      open
      danger
      title={`Delete ${view.name}?`}
      confirm="Delete the view"
      pending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>Links to it open the same question, without its name. Its versions stay in the record of changes.</p>
      {remove.error && <ErrorNotice error={remove.error} title="The view was not deleted" />}
    </ConfirmDialog>
  )
}
