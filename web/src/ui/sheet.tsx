/** What the sheet of one object is made of. */
import type { ReactNode } from 'react'

/** A part under its own heading. */
export const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section aria-label={title} className="mt-6">
    <h3 className="mb-2 border-b border-ink pb-1 font-semibold">{title}</h3>
    {children}
  </section>
)

/** Names and values, in columns. */
export const Figures = ({ lines }: { lines: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="mt-4 grid grid-cols-2 gap-x-6 text-sm sm:grid-cols-3">
    {lines.map(([name, value]) => (
      <div key={name} className="border-b border-rule py-1.5" data-figure={name}>
        <dt className="label">{name}</dt>
        <dd className="num break-words">{value}</dd>
      </div>
    ))}
  </dl>
)
