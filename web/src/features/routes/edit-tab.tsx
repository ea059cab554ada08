import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { routeCandidatesQuery, routeValidationQuery } from '../../api/settings-queries.ts'
import { useSettled } from '../../lib/use-settled.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { CandidatesPanel } from './candidates-panel.tsx'
import { FindingsPanel } from './findings-panel.tsx'
import { NewerNotice } from './newer-notice.tsx'
import { RouteFields } from './route-fields.tsx'
import { SaveDialog } from './save-dialog.tsx'
import type { RouteForm } from './select-routes.ts'
import type { Draft } from './use-draft.ts'

/** The YAML reader is its own chunk: it loads when somebody writes text. */
const DocumentEditor = lazy(async () => ({ default: (await import('./document-editor.tsx')).DocumentEditor }))

const forms = [
  { value: 'form', label: 'Form' },
  { value: 'yaml', label: 'YAML' },
  { value: 'json', label: 'JSON' },
] as const

/** How long typing has to rest before the gateway is asked. */
const QUIET_MS = 350

interface Props {
  readonly name: string
  readonly draft: Draft
  readonly as: RouteForm
  readonly mayWrite: boolean
  readonly onTry: () => void
}

export function EditTab({ name, draft, as, mayWrite, onTry }: Props) {
  const navigate = useNavigate()
  const settled = useSettled(draft.document, QUIET_MS)
  const validation = useQuery(routeValidationQuery(name, settled))
  const isValid = validation.data?.valid ?? false
  const candidates = useQuery({ ...routeCandidatesQuery(name, settled), enabled: isValid && !validation.isPlaceholderData })
  const [saving, setSaving] = useState(false)
  const findings = validation.data?.findings ?? []
  return (
    <div className="grid items-start gap-x-10 gap-y-6 xl:grid-cols-[minmax(0,1fr)_minmax(0,27rem)]">
      <div className="min-w-0">
        <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
          <Segmented
            label="Write it as"
            choices={forms}
            value={as}
            onChange={(next) => {
              // A form cannot show a text that is no document; the text stays until it is one.
              if (draft.textProblem !== undefined) return
              void navigate({
                to: '/routes/$route',
                params: { route: name },
                search: (known) => {
                  const { as: _, ...rest } = known
                  return next === 'form' ? rest : { ...rest, as: next }
                },
                replace: true,
                resetScroll: false,
              })
            }}
          />
          {mayWrite && (
            <div className="flex flex-wrap gap-2">
              {draft.changed && (
                <button type="button" className="button button-quiet" onClick={() => draft.restart(draft.newer)}>
                  Discard
                </button>
              )}
              <button type="button" className="button" disabled={!isValid} onClick={onTry}>
                Dry run
              </button>
              <button
                type="button"
                className="button button-primary"
                disabled={!isValid || draft.textProblem !== undefined || !(draft.changed || draft.base.version === 0)}
                onClick={() => setSaving(true)}
              >
                Save&hellip;
              </button>
            </div>
          )}
        </div>
        <NewerNotice draft={draft} />
        {draft.textProblem !== undefined && as === 'form' && (
          <Notice tone="warn" title="The text is no document">
            {draft.textProblem}
          </Notice>
        )}
        {as === 'form' ? (
          <RouteFields draft={draft} findings={findings} disabled={!mayWrite} />
        ) : (
          <Suspense fallback={<Loading label="Loading the editor" />}>
            <DocumentEditor
              key={`${as}-${draft.generation}`}
              draft={draft}
              format={as}
              findings={findings}
              readOnly={!mayWrite}
            />
          </Suspense>
        )}
      </div>
      <aside aria-label="What the gateway makes of it" className="flex min-w-0 flex-col gap-6 xl:sticky xl:top-6">
        <FindingsPanel validation={validation} textProblem={draft.textProblem} />
        <CandidatesPanel query={candidates} isValid={isValid} />
      </aside>
      <SaveDialog open={saving} draft={draft} onClose={() => setSaving(false)} />
    </div>
  )
}
