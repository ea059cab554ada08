/** A report for the terminal: tables that fit, with bars where there is room. */
import type { Output } from '../context.ts'
import { alignDecimals, plain, wrap } from '../format.ts'
import { renderTable } from '../table.ts'
import type { ReportPage, ReportTable, Section } from './sections.ts'

/** One line, without anything that moves the cursor or turns text around. */
const oneLine = (text: string): string => plain(text.replace(/[\n\t\u202a-\u202e\u2066-\u2069]+/g, ' '))
const bold = (text: string, out: Output): string[] => wrap(oneLine(text), out.width).map((line) => out.paint('bold', line))

const MOST_BAR = 20
const NARROWEST_TEXT = 12

export function terminalLines({ title, subtitle, sections }: ReportPage, out: Output): string[] {
  const head = [...bold(title, out), ...wrap(oneLine(subtitle), out.width).map((line) => out.paint('dim', line))]
  return [...head, ...sections.flatMap((section) => ['', ...sectionLines(section, out)])]
}

function sectionLines({ title, words, table, notes = [] }: Section, out: Output): string[] {
  return [
    ...bold(title, out),
    ...words.flatMap((text) => wrap(oneLine(text), out.width)),
    ...(table && table.rows.length > 0 ? tableLines(table, out) : []),
    ...notes.flatMap((text) => wrap(`- ${oneLine(text)}`, out.width)),
  ]
}

function tableLines({ columns, rows, bars }: ReportTable, out: Output): string[] {
  const aligned = columns.map(({ align }, index) => {
    const cells = rows.map((row) => oneLine(row[index] ?? ''))
    return align === 'right' && cells.every((cell) => /^([+-]?\$.*|-|none)$/.test(cell)) ? alignDecimals(cells) : cells
  })
  const widths = columns.map(({ header }, index) => Math.max(header.length, ...(aligned[index] ?? []).map((cell) => cell.length)))
  const barWidth = Math.min(MOST_BAR, out.width - widths.reduce((sum, width) => sum + width + 2, 0))
  const withBars = bars !== undefined && barWidth >= 5
  return renderTable(
    [
      ...columns.map(({ header, align }) => ({ header, align, ...(align === 'left' && { shrinkTo: NARROWEST_TEXT }) })),
      ...(withBars ? [{ header: '' }] : []),
    ],
    rows.map((_, row) => ({
      cells: [...aligned.map((cells) => cells[row] ?? ''), ...(withBars ? [bar(bars[row] ?? 0, barWidth)] : [])],
    })),
    out,
  )
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** To an eighth of a character. */
function bar(share: number, width: number): string {
  const parts = Math.round(share * width * 8)
  return '█'.repeat(Math.floor(parts / 8)) + (eighths[parts % 8] ?? '')
}
