import { jsonChanges } from '../../lib/json-diff.ts'
import { JsonDiff } from '../../ui/json-diff.tsx'
import { Notice } from '../../ui/notice.tsx'
import { type RouteDocument, withoutDefaults } from './select-routes.ts'
import type { Draft } from './use-draft.ts'

/** Somebody saved another version meanwhile: what they changed, and the two ways on. */
export function NewerNotice({ draft }: { draft: Draft }) {
  const { newer, base } = draft
  if (!newer) return null
  const theirs = jsonChanges(base.document, withoutDefaults(newer.document as RouteDocument))
  return (
    <div className="mb-4">
      <Notice
        tone="warn"
        title={`${newer.created_by ?? 'Somebody'} saved version ${newer.version} meanwhile`}
        actions={
          <>
            <button type="button" className="button" onClick={() => draft.restart(newer)}>
              Take version {newer.version}, drop my changes
            </button>
            {draft.changed && (
              <button type="button" className="button" onClick={() => draft.rebase(newer)}>
                Keep mine, to replace version {newer.version}
              </button>
            )}
          </>
        }
      >
        <p className="mb-1">What they changed since version {base.version}:</p>
        <JsonDiff changes={theirs} same="Nothing: it says the same." />
      </Notice>
    </div>
  )
}
