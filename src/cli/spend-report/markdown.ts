/** A report as Markdown. What comes from outside is text there, never markup. */
import type { ReportPage, ReportTable, Section } from './sections.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g

/** Characters that would be markup get a backslash, angle brackets and ampersands their entities; a line stays one line. */
export const markdownText = (text: string): string =>
  text
    .replace(UNSEEN, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_{}[\]|~!#]/g, '\\$&')
    // A bare address becomes a link on its own in some readers.
    .replace(/(https?|www|mailto)([:.])/gi, '$1&#8203;$2')

export function markdownReport({ title, subtitle, sections }: ReportPage): string {
  return `${[`# ${markdownText(title)}`, markdownText(subtitle), ...sections.flatMap(sectionBlocks)].join('\n\n')}\n`
}

function sectionBlocks({ title, words, table, notes = [] }: Section): string[] {
  return [
    `## ${markdownText(title)}`,
    ...words.map(markdownText),
    ...(table && table.rows.length > 0 ? [tableText(table)] : []),
    ...(notes.length > 0 ? [notes.map((note) => `- ${markdownText(note)}`).join('\n')] : []),
  ]
}

function tableText({ columns, rows }: ReportTable): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`
  return [
    line(columns.map(({ header }) => header)),
    `|${columns.map(({ align }) => (align === 'right' ? '---:' : '---')).join('|')}|`,
    ...rows.map(line),
  ].join('\n')
}
