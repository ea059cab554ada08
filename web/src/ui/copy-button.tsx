import { useEffect, useState } from 'react'

const SAID_FOR_MS = 1_600

/** Copies a text and says so. `label` names what is copied: `Copy the request id`. */
export function CopyButton({ text, label, className = '' }: { text: string; label: string; className?: string }) {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no')
  useEffect(() => {
    if (copied === 'no') return
    const timer = setTimeout(() => setCopied('no'), SAID_FOR_MS)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () => {
    // Absent where the page is not a secure context: plain HTTP on another host than localhost.
    const writing = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    writing.then(
      () => setCopied('yes'),
      () => setCopied('failed'),
    )
  }
  return (
    <button
      type="button"
      className={`copy-button ${className}`}
      aria-label={label}
      title={label}
      onClick={copy}
      data-copied={copied}
    >
      <svg viewBox="0 0 16 16" className="size-3.5 fill-none stroke-current stroke-[1.5]" aria-hidden="true">
        {copied === 'yes' ? <path d="m3 8.5 3.2 3.2L13 4.8" /> : <path d="M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8z" />}
      </svg>
      <span role="status" className="sr-only">
        {{ no: '', yes: 'Copied', failed: 'Could not be copied: select the text instead' }[copied]}
      </span>
    </button>
  )
}

/** An id in full, breakable, with its copy button. */
export function CopyId({ id, label, className = '' }: { id: string; label: string; className?: string }) {
  return (
    <span className={`inline-flex min-w-0 items-center gap-1 ${className}`}>
      <span className="num min-w-0 truncate font-mono text-[0.78rem] text-muted" title={id}>
        {id}
      </span>
      <CopyButton text={id} label={label} />
    </span>
  )
}
