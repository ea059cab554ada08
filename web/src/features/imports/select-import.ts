/** An import between its files and the ledger: what was found in them, and what would be done with it. Pure. */
import type { ImportRow, ReadImport, RowState } from '../../../../src/contract/imports.ts'
import { formatUsd, parseUsd } from '../../../../src/core/money.ts'
import { counted } from '../../lib/numbers.ts'

/** As many as one call takes. */
const PART = 500
/** As much as one call reads: the contract's schemas are not in the bundle, its test compares the two. */
export const MOST_BYTES = 2 * 1024 * 1024

export interface FoundRow {
  readonly row: ImportRow
  readonly state: RowState
}

/** Rows in as many parts as it takes calls to send them. */
export const partsOf = (rows: readonly ImportRow[]): readonly (readonly ImportRow[])[] =>
  Array.from({ length: Math.ceil(rows.length / PART) }, (_, part) => rows.slice(part * PART, (part + 1) * PART))

export interface Sums {
  readonly rows: number
  readonly images: number
  readonly amountUsd: string
  /** Days, `2026-10-01`. */
  readonly from: string
  readonly to: string
}

/** Undefined: there is nothing about pictures in it. */
export function sumsOf(rows: readonly ImportRow[]): Sums | undefined {
  if (rows.length === 0) return undefined
  const days = rows.map(({ at }) => at.slice(0, 10)).sort()
  return {
    rows: rows.length,
    images: rows.reduce((sum, row) => sum + row.images, 0),
    amountUsd: formatUsd(rows.reduce((sum, row) => sum + parseUsd(row.amount_usd), 0n)),
    from: days[0] ?? '',
    to: days.at(-1) ?? '',
  }
}

export type StateCounts = Readonly<Record<RowState, number>>

export function countStates(states: readonly RowState[]): StateCounts {
  const counts = { written: 0, corrected: 0, unchanged: 0 }
  for (const state of states) counts[state] += 1
  return counts
}

/** Before it is done, and after. */
export const stateTexts: Readonly<Record<RowState, { readonly before: string; readonly after: string }>> = {
  written: { before: 'new', after: 'new' },
  corrected: { before: 'would be corrected', after: 'corrected' },
  unchanged: { before: 'known already', after: 'known already' },
}

/** `3 new, 1 would be corrected`; what there is none of is left out. */
export function countsText(counts: StateCounts, when: 'before' | 'after'): string {
  const states = Object.keys(stateTexts) as RowState[]
  return states.flatMap((state) => (counts[state] > 0 ? [`${counts[state]} ${stateTexts[state][when]}`] : [])).join(', ')
}

const NAMED = 6

/** What is left out of the files, as it is about something else. */
export function skippedText(skipped: ReadImport['skipped']): string | undefined {
  if (skipped.length === 0) return undefined
  const named = skipped.slice(0, NAMED).map(({ what, rows }) => `${what} (${rows})`)
  const rest = skipped.length - named.length
  return `Left out, as not about pictures: ${named.join(', ')}${rest > 0 ? `, and ${counted(rest, 'other')}` : ''}.`
}

/** A name for where the rows come from that the API takes; undefined: it is not one. */
export const isSource = (source: string): boolean => /^[a-z0-9][a-z0-9-]{0,31}$/.test(source)

/** Headings that were given, without the empty ones. */
export const columnsOf = (given: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(given).flatMap(([word, heading]) => (heading.trim() === '' ? [] : [[word, heading.trim()]])))

/** Rows of a source stand on this route. */
export const importRoute = (source: string): string => `import:${source}`

/** Where an imported request comes from; undefined: it was made here. */
export const sourceOf = (route: string): string | undefined =>
  route.startsWith('import:') ? route.slice('import:'.length) : undefined
