import type { ReactNode } from 'react'

/** The head of a page: document title, heading, one line about it, and its actions at the right. */
export function PageHeader(props: { title: string; children?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <title>{`${props.title} · Halftone`}</title>
      <div className="min-w-0">
        <h1 className="text-2xl font-bold tracking-tight">{props.title}</h1>
        {props.children && <div className="mt-0.5 max-w-3xl text-sm text-muted">{props.children}</div>}
      </div>
      {props.actions && <div className="flex flex-wrap items-center gap-2">{props.actions}</div>}
    </div>
  )
}

/** A titled part of a page, closed by a rule like a section of a ledger. `note` says how its figures are computed. */
export function Section(props: { title: string; note?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={props.title} className="mt-9 min-w-0">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-x-6 gap-y-1 border-b border-ink pb-1.5">
        <h2 className="text-lg font-semibold">{props.title}</h2>
        {props.actions && <div className="flex flex-wrap items-center gap-1">{props.actions}</div>}
      </div>
      {props.children}
      {props.note && <p className="label mt-2 max-w-3xl">{props.note}</p>}
    </section>
  )
}
