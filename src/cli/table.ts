/** Tables without borders that fit the terminal: wide cells are wrapped, never cut. */
import Table from 'cli-table3'
import type { Output, Style } from './context.ts'
import { wrap } from './format.ts'

export interface Column {
  readonly header: string
  readonly align?: 'left' | 'right'
  /** May be wrapped down to this many characters when the terminal is narrow. */
  readonly shrinkTo?: number
  readonly style?: (cell: string) => Style | undefined
}

export interface Row {
  readonly cells: readonly string[]
  /** Lines under the row, over its whole width, indented. */
  readonly notes?: readonly string[]
}

const GAP = 2
/** How far notes are indented. */
export const NOTE_INDENT = 2
const borders = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
] as const
const noBorders = { ...Object.fromEntries(borders.map((name) => [name, ''])), middle: ' '.repeat(GAP) }

/** Width of every column: what it needs, then the shrinkable ones give way, the widest first. */
export function columnWidths(columns: readonly Column[], rows: readonly Row[], available: number): number[] {
  const widths = columns.map((column, index) =>
    Math.max(
      column.header.length,
      ...rows.map((row) => Math.max(0, ...(row.cells[index] ?? '').split('\n').map((it) => it.length))),
    ),
  )
  const floor = (index: number) =>
    Math.max(columns[index]?.header.length ?? 0, columns[index]?.shrinkTo ?? Number.POSITIVE_INFINITY)
  const total = () => widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1))
  while (total() > available) {
    const widest = widths.reduce(
      (best, width, index) => (width > floor(index) && width > (widths[best] ?? 0) ? index : best),
      widths.length,
    )
    if (widest === widths.length) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

export function renderTable(columns: readonly Column[], rows: readonly Row[], out: Output): string[] {
  const widths = columnWidths(columns, rows, out.width)
  const table = new Table({
    chars: noBorders,
    colWidths: widths,
    colAligns: columns.map((column) => column.align ?? 'left'),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
  })
  const cells = (texts: readonly string[], styleOf: (text: string, index: number) => Style | undefined) =>
    columns.map((_, index) => {
      const text = texts[index] ?? ''
      const style = styleOf(text, index)
      const width = widths[index] ?? out.width
      // What fits stays as it is: the blanks that put decimal points in one column are at its end.
      const parts = text.length <= width && !text.includes('\n') ? [text] : wrap(text, width)
      return parts.map((line) => (style === undefined || line === '' ? line : out.paint(style, line)))
    })
  const grid = [
    {
      cells: cells(
        columns.map(({ header }) => header),
        () => 'dim',
      ),
      notes: [],
    },
    ...rows.map((row) => ({ cells: cells(row.cells, (text, index) => columns[index]?.style?.(text)), notes: row.notes ?? [] })),
  ]
  for (const row of grid) table.push(row.cells.map((lines) => lines.join('\n')))
  const lines = table.toString().split('\n')
  return grid.flatMap(({ cells: filled, notes }) => [
    ...lines.splice(0, Math.max(1, ...filled.map((it) => it.length))).map((line) => line.trimEnd()),
    ...notes
      .flatMap((note) => wrap(note, out.width - NOTE_INDENT))
      .map((line) => ' '.repeat(NOTE_INDENT) + out.paint('dim', line)),
  ])
}

/** Pairs of label and text, the texts in one column and wrapped under themselves. */
export function renderPairs(pairs: readonly (readonly [label: string, text: string])[], out: Output): string[] {
  const indent = Math.max(0, ...pairs.map(([label]) => label.length)) + GAP
  return pairs.flatMap(([label, text]) =>
    text
      .split('\n')
      .flatMap((part) => wrap(part, out.width - indent))
      .map((line, index) => (index === 0 ? out.paint('dim', label.padEnd(indent)) : ' '.repeat(indent)) + line),
  )
}

/** Colours of outcomes: trouble is to be seen at a glance. */
export function outcomeStyle(outcome: string): Style | undefined {
  if (outcome === 'succeeded' || outcome === 'done') return 'green'
  return outcome === 'partial' || outcome === 'running' || outcome === 'unknown' ? 'yellow' : 'red'
}
