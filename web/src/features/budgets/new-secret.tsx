import { useState } from 'react'
import type { CreatedKey } from '../../../../src/contract/admin.ts'
import { CopyButton } from '../../ui/copy-button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Notice } from '../../ui/notice.tsx'

/** The secret of a new key: here and never again, so that closing is asked twice. */
export function NewSecret({ created, onClose }: { created: CreatedKey | undefined; onClose: () => void }) {
  const [asked, setAsked] = useState(false)
  if (!created) return null
  const close = () => {
    setAsked(false)
    onClose()
  }
  const base = `${location.origin}/v1`
  const example = `export OPENAI_BASE_URL=${base}\nexport OPENAI_API_KEY=${created.secret}`
  return (
    <Dialog
      open
      title={`The key ${created.name} is made`}
      onClose={() => (asked ? close() : setAsked(true))}
      actions={
        <button type="button" className="button button-primary" onClick={close}>
          I have stored it
        </button>
      }
    >
      <div className="flex flex-col gap-4">
        {asked ? (
          <Notice tone="warn" title="Store it first">
            It cannot be shown again. Close once more to leave without it.
          </Notice>
        ) : (
          <p>Copy the secret now. The gateway keeps its hash only and cannot show it again.</p>
        )}
        <div>
          <p className="label mb-1">Secret</p>
          <div className="flex items-center gap-2 border border-ink bg-well px-3 py-2">
            <code data-secret className="min-w-0 flex-1 text-[0.95rem] break-all">
              {created.secret}
            </code>
            <CopyButton text={created.secret} label="Copy the secret" />
          </div>
        </div>
        <div>
          <p className="label mb-1">For an OpenAI client</p>
          <div className="flex items-start gap-2 border border-rule px-3 py-2">
            <pre className="min-w-0 flex-1 overflow-x-auto text-[0.8rem]">{example.replace(created.secret, '\u2026')}</pre>
            <CopyButton text={example} label="Copy both lines, with the secret" />
          </div>
        </div>
      </div>
    </Dialog>
  )
}
