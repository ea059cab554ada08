import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { RouteWire } from '../../../../src/contract/routes.ts'
import { call } from '../../api/client.ts'
import { settingsKeys } from '../../api/settings-queries.ts'
import { ConfirmDialog, Dialog } from '../../ui/dialog.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import { ErrorNotice } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { usePermission } from '../shell/use-session.ts'
import { ROUTE_NAME } from './select-routes.ts'

/** Copying a route, and retiring one. */
export function RouteActions({ name, standing, mayWrite }: { name: string; standing: RouteWire | null; mayWrite: boolean }) {
  const mayCopy = usePermission('routes.write') && standing !== null
  const [open, setOpen] = useState<'copy' | 'delete'>()
  return (
    <>
      {mayCopy && (
        <button type="button" className="button" onClick={() => setOpen('copy')}>
          Copy
        </button>
      )}
      {mayWrite && standing?.managed_by === 'api' && (
        <button type="button" className="button" onClick={() => setOpen('delete')}>
          Delete
        </button>
      )}
      <Dialog open={open === 'copy'} onClose={() => setOpen(undefined)} title={`Copy ${name}`}>
        <CopyForm from={name} onClose={() => setOpen(undefined)} />
      </Dialog>
      {standing && <DeleteRoute standing={standing} open={open === 'delete'} onClose={() => setOpen(undefined)} />}
    </>
  )
}

function CopyForm({ from, onClose }: { from: string; onClose: () => void }) {
  const [name, setName] = useState(`${from}-2`.slice(0, 64))
  const navigate = useNavigate()
  const isName = ROUTE_NAME.test(name) && name !== from
  return (
    <Form
      error={null}
      fields={[]}
      onSubmit={() => {
        if (!isName) return
        onClose()
        void navigate({ to: '/routes/$route', params: { route: name }, search: { copy: from } })
      }}
    >
      <TextField
        name="name"
        label="Name of the copy"
        hint="Nothing is saved yet; a route of this name that is there already is opened instead."
        value={name}
        spellCheck={false}
        maxLength={64}
        problem={isName ? undefined : 'Write another name: letters, digits, dots, dashes or underscores.'}
        onChange={(event) => setName(event.target.value.trim())}
      />
      <div className="flex justify-end gap-2">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button button-primary">
          Open the copy
        </button>
      </div>
    </Form>
  )
}

function DeleteRoute({ standing, open, onClose }: { standing: RouteWire; open: boolean; onClose: () => void }) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: () => call('deleteRoute', { id: standing.name, query: { version: standing.version } }),
    onSuccess: async () => {
      await navigate({ to: '/routes' })
      await queryClient.invalidateQueries({ queryKey: settingsKeys.routes })
      toast(`The route ${standing.name} is deleted; its versions are kept`)
    },
  })
  return (
    <ConfirmDialog
      open={open}
      title={`Delete the route ${standing.name}?`}
      confirm="Delete the route"
      danger
      pending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {remove.error && <ErrorNotice error={remove.error} title="It was not deleted" />}
      <p>
        Requests that name it are refused within seconds, on every node. Its versions are kept: open{' '}
        <code>/routes/{standing.name}</code> again to bring one back.
      </p>
    </ConfirmDialog>
  )
}
