import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ApiError, call } from '../../api/client.ts'
import { keys as cacheKeys } from '../../api/queries.ts'
import { sentDocument, settingsKeys } from '../../api/settings-queries.ts'
import { isSameJson, jsonChanges } from '../../lib/json-diff.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { JsonDiff } from '../../ui/json-diff.tsx'
import { ErrorNotice, Notice, Skeleton } from '../../ui/notice.tsx'
import { useToast } from '../../ui/toast.tsx'
import { TrialFigures } from './trial-figures.tsx'
import type { Draft } from './use-draft.ts'
import { useDryRun } from './use-dry-run.ts'

interface Props {
  readonly open: boolean
  readonly draft: Draft
  readonly onClose: () => void
}

/** What would change, in the document and in last week's bill, before it is put in force. */
export function SaveDialog({ open, draft, onClose }: Props) {
  return (
    <Dialog
      open={open}
      onClose={onClose}
      kind="wide"
      title={`Save ${draft.name} as ${draft.base.version === 0 ? 'a new route' : `version ${draft.base.version + 1}`}`}
    >
      <SaveBody draft={draft} onClose={onClose} />
    </Dialog>
  )
}

function SaveBody({ draft, onClose }: Omit<Props, 'open'>) {
  const { name, document, base, trial } = draft
  const queryClient = useQueryClient()
  const toast = useToast()
  const isTried = trial !== undefined && isSameJson(trial.of, document)
  const dryRun = useDryRun(draft)
  const { mutate } = dryRun
  // Opening asks the gateway by itself: nobody should put a route in force without having seen what it does to the bill.
  useEffect(() => {
    if (!isTried) mutate({ days: 7 })
  }, [isTried, mutate])
  const save = useMutation({
    mutationFn: () => call('putRoute', { id: name, body: { document: sentDocument(document), version: base.version } }),
    onSuccess: async (saved) => {
      queryClient.setQueryData([...settingsKeys.route(name), 'standing'], saved)
      draft.restart(saved)
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: settingsKeys.routes }),
        queryClient.invalidateQueries({ queryKey: cacheKeys.models }),
      ])
      toast(`${name} stands at version ${saved.version}, on every node within seconds`)
      onClose()
    },
    onError: async (error) => {
      if (!(error instanceof ApiError && error.code === 'conflict')) return
      // Brings the newer version onto the page, which says what to do about it.
      await queryClient.invalidateQueries({ queryKey: settingsKeys.route(name) })
    },
  })
  const isConflict = save.error instanceof ApiError && save.error.code === 'conflict'
  return (
    <div className="flex flex-col gap-6">
      {isConflict ? (
        <Notice
          tone="warn"
          title="Another version was saved meanwhile"
          actions={
            <button type="button" className="button" onClick={onClose}>
              See what they changed
            </button>
          }
        >
          Nothing of yours is lost: it is still in the editor.
        </Notice>
      ) : (
        save.error && <ErrorNotice error={save.error} title="It was not saved" />
      )}
      <section aria-label="Changes">
        <h3 className="mb-1 font-semibold">Changes to the document</h3>
        <JsonDiff changes={jsonChanges(base.document, document)} same="None: it says the same." />
      </section>
      <section aria-label="Dry run">
        <h3 className="mb-2 font-semibold">The last 7 days under it</h3>
        {isTried ? (
          <TrialFigures trial={trial.result} />
        ) : dryRun.error ? (
          <ErrorNotice error={dryRun.error} title="It could not be tried" retry={() => mutate({ days: 7 })} />
        ) : (
          <div role="status" aria-label="Deciding past requests again">
            <Skeleton className="h-20 w-full" />
            <p className="label mt-1">Deciding past requests again; nobody is called.</p>
          </div>
        )}
      </section>
      <div className="flex flex-wrap justify-end gap-2 border-t border-rule pt-4">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button button-primary"
          disabled={save.isPending || isConflict}
          onClick={() => save.mutate()}
        >
          {isTried ? 'Put it in force' : 'Put it in force without waiting'}
        </button>
      </div>
    </div>
  )
}
