/**
 * The part of Markdown that the reference of insight is written in, as blocks to render: headings, paragraphs, lists, tables.
 * Nothing in it becomes HTML: every text stays text.
 */
export type Inline = { readonly kind: 'text' | 'code' | 'strong'; readonly text: string }

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly id: string; readonly text: string }
  | { readonly kind: 'paragraph'; readonly id: string | undefined; readonly parts: readonly Inline[] }
  | { readonly kind: 'list'; readonly items: readonly (readonly Inline[])[] }
  | {
      readonly kind: 'table'
      readonly header: readonly string[]
      readonly rows: readonly { readonly id: string | undefined; readonly cells: readonly (readonly Inline[])[] }[]
    }

export function parseMarkdown(text: string): readonly Block[] {
  return text
    .split(/\n{2,}/)
    .map((chunk) => chunk.trim())
    .filter((chunk) => chunk !== '')
    .flatMap(blocksOf)
}

/** A heading may stand directly above what it heads. */
function blocksOf(chunk: string): readonly Block[] {
  const heading = /^(#+) (.*)(?:\n([\s\S]*))?$/.exec(chunk)
  if (heading) {
    const [, marks = '', title = '', rest] = heading
    const block: Block = { kind: 'heading', level: marks.length, id: slugOf(title), text: title }
    return rest ? [block, ...blocksOf(rest)] : [block]
  }
  if (chunk.startsWith('|')) return [tableOf(chunk.split('\n'))]
  if (chunk.startsWith('- ')) {
    return [{ kind: 'list', items: chunk.split(/\n(?=- )/).map((item) => inlineOf(item.slice(2))) }]
  }
  const lead = /^\*\*([^*]+)\*\*/.exec(chunk)?.[1]
  return [{ kind: 'paragraph', id: lead && slugOf(lead), parts: inlineOf(chunk) }]
}

function tableOf(lines: readonly string[]): Block {
  const [header = [], , ...rows] = lines.map((line) =>
    line
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim()),
  )
  return {
    kind: 'table',
    header,
    rows: rows.map((cells) => ({ id: slugOf(cells[0] ?? '') || undefined, cells: cells.map(inlineOf) })),
  }
}

/** Links become their text: they lead to files beside the reference, which the dashboard does not have. */
function inlineOf(text: string): readonly Inline[] {
  const plain = text.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
  return plain.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/).flatMap((part): Inline[] => {
    if (part === '') return []
    if (part.startsWith('`')) return [{ kind: 'code', text: part.slice(1, -1) }]
    if (part.startsWith('**')) return [{ kind: 'strong', text: part.slice(2, -2) }]
    if (part.startsWith('*') && part.endsWith('*') && part.length > 2) return [{ kind: 'strong', text: part.slice(1, -1) }]
    return [{ kind: 'text', text: part }]
  })
}

/** `Cost per accepted image` as `cost-per-accepted-image`. */
export const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
