import type { ReactNode } from 'react'
import { ApiError, remedyOf } from '../api/client.ts'
import { ToneRamp } from './halftone-art.tsx'

const tones = {
  bad: 'border-bad bg-bad-ground',
  warn: 'border-warn bg-warn-ground',
  note: 'border-link bg-note-ground',
} as const

/** A message that stands beside the work. `role="alert"` for what just went wrong, else `status`. */
export function Notice(props: { tone: keyof typeof tones; title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div role={props.tone === 'bad' ? 'alert' : 'status'} className={`border-l-4 px-4 py-3 ${tones[props.tone]}`}>
      <p className="font-semibold">{props.title}</p>
      {props.children && <div className="mt-1 text-[0.93rem]">{props.children}</div>}
      {props.actions && <div className="mt-3 flex flex-wrap gap-2">{props.actions}</div>}
    </div>
  )
}

/** What failed, its code, and what to do. `retry` shows the button that does it again. */
export function ErrorNotice({ error, title, retry }: { error: unknown; title: string; retry?: () => void }) {
  const known = error instanceof ApiError ? error : undefined
  const remedy = known && remedyOf(known)
  return (
    <Notice
      tone="bad"
      title={title}
      actions={
        retry && (
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        )
      }
    >
      <p>{known?.message ?? (error instanceof Error ? error.message : 'Something unexpected happened.')}</p>
      {remedy && <p className="mt-1">{remedy}</p>}
      {known && (
        <p className="num label mt-2 flex flex-wrap gap-x-4 font-mono">
          <span>{known.code}</span>
          {known.status > 0 && <span>HTTP {known.status}</span>}
          {known.param && <span>parameter: {known.param}</span>}
          {known.requestId && <span className="break-all whitespace-normal">request {known.requestId}</span>}
        </p>
      )}
    </Notice>
  )
}

/** Nothing here yet, and what to do about it. */
export function EmptyState({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <ToneRamp className="mb-5 h-12 w-32" />
      <p className="text-lg font-semibold">{title}</p>
      <div className="mt-1 max-w-md text-muted [&_a]:underline">{children}</div>
    </div>
  )
}

/** Holds the place of what is loading. */
export function Skeleton({ className = '' }: { className?: string }) {
  return <div className={`skeleton ${className}`} aria-hidden="true" />
}

export function Loading({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-3 p-4">
      <Skeleton className="h-5 w-1/3" />
      <Skeleton className="h-5 w-2/3" />
      <Skeleton className="h-5 w-1/2" />
    </div>
  )
}
