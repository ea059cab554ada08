import { useMemo, useRef, useState } from 'react'
import type { RouteValidation } from '../../../../src/contract/routes.ts'
import { printDocument, readDocument, type TextFormat } from './document-text.ts'
import type { Draft } from './use-draft.ts'

interface Props {
  readonly draft: Draft
  readonly format: TextFormat
  readonly findings: RouteValidation['findings']
  readonly readOnly: boolean
}

interface Mark {
  readonly line: number | undefined
  readonly level: 'problem' | 'warning'
  readonly text: string
}

/** The whole document as text. Mounted anew for another format, and when the draft is set from outside. */
export function DocumentEditor({ draft, format, findings, readOnly }: Props) {
  const [text, setText] = useState(() => printDocument(draft.document, format))
  const area = useRef<HTMLTextAreaElement>(null)
  const read = useMemo(() => readDocument(text, format), [text, format])
  const marks: readonly Mark[] =
    read.kind === 'problem'
      ? [{ line: read.line, level: 'problem', text: read.message }]
      : findings.map(({ path, level, message }) => ({ line: read.lineOf(path), level, text: `${path} ${message}`.trim() }))
  const type = (typed: string) => {
    setText(typed)
    const next = readDocument(typed, format)
    if (next.kind === 'document') draft.change(next.document)
    else draft.failText(next.line === undefined ? next.message : `Line ${next.line}: ${next.message}`)
  }
  const jump = (line: number) => {
    const lines = text.split('\n')
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0)
    area.current?.focus()
    area.current?.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0))
  }
  const id = `document-${format}`
  return (
    <div>
      <label htmlFor={id} className="label mb-1 block">
        The whole document as {format.toUpperCase()}, as it would stand under <code>routes.{draft.name}</code> in halftone.yaml
      </label>
      <textarea
        ref={area}
        id={id}
        className="document-text"
        value={text}
        readOnly={readOnly}
        spellCheck={false}
        autoCapitalize="off"
        rows={Math.max(16, text.split('\n').length + 2)}
        placeholder={format === 'yaml' ? 'objective: cost\nmodels:\n  - openai/gpt-image-2' : '{}'}
        aria-invalid={marks.some(({ level }) => level === 'problem')}
        aria-describedby={marks.length > 0 ? `${id}-marks` : undefined}
        onChange={(event) => type(event.target.value)}
      />
      <ul id={`${id}-marks`} className="mt-2 flex flex-col gap-1 text-sm">
        {marks.map(({ line, level, text: message }) => (
          <li key={`${line} ${message}`} className={level === 'problem' ? 'text-bad' : 'text-warn'}>
            {line === undefined ? (
              message
            ) : (
              <button type="button" className="text-left underline underline-offset-3" onClick={() => jump(line)}>
                Line {line}: {message}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}
