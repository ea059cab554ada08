import { useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'
import reference from '../../../../docs/reference/insight.md?raw'
import { PageHeader } from '../../ui/page-header.tsx'
import { type Block, type Inline, parseMarkdown } from './select-markdown.ts'

const blocks = parseMarkdown(reference).filter((block) => block.kind !== 'heading' || block.level > 1)

/** What every figure counts and what not: the reference that the tests hold, as it was when this dashboard was built. */
export function MethodsPage() {
  const wanted = useLocation({ select: ({ hash }) => hash })
  useEffect(() => {
    if (wanted) document.getElementById(wanted)?.scrollIntoView()
  }, [wanted])
  return (
    <article className="methods max-w-4xl">
      <PageHeader title="How figures are computed">
        The same text as docs/reference/insight.md. Amounts are exact to the nano-dollar; days are UTC.
      </PageHeader>
      {blocks.map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the text never changes while it is shown
        <BlockOf key={index} block={block} wanted={wanted} />
      ))}
    </article>
  )
}

function BlockOf({ block, wanted }: { block: Block; wanted: string }) {
  switch (block.kind) {
    case 'heading':
      return (
        <h2 id={block.id} className="mt-8 mb-2 border-b border-ink pb-1 text-lg font-semibold">
          {block.text}
        </h2>
      )
    case 'paragraph':
      return (
        <p id={block.id} data-wanted={block.id !== undefined && block.id === wanted} className="my-3">
          <Parts parts={block.parts} />
        </p>
      )
    case 'list':
      return (
        <ul className="my-3 list-disc pl-5">
          {block.items.map((item) => (
            <li key={item.map(({ text }) => text).join('')} className="my-1">
              <Parts parts={item} />
            </li>
          ))}
        </ul>
      )
    case 'table':
      return <TableOf block={block} wanted={wanted} />
  }
}

function TableOf({ block, wanted }: { block: Extract<Block, { kind: 'table' }>; wanted: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable to be scrolled by keyboard
    <section className="table-scroll my-3" tabIndex={0} aria-label={block.header.join(', ')}>
      <table className="data-table">
        <thead>
          <tr>
            {block.header.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map((row) => (
            <tr
              key={row.cells.map((cell) => cell.map(({ text }) => text).join('')).join('|')}
              id={row.id}
              data-wanted={row.id !== undefined && row.id === wanted}
            >
              {row.cells.map((cell, index) => (
                <td key={block.header[index]} className={index === 0 ? 'min-w-32 font-medium' : 'min-w-48'}>
                  <Parts parts={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Parts({ parts }: { parts: readonly Inline[] }) {
  return parts.map((part, index) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: the text never changes while it is shown
    if (part.kind === 'code') return <code key={index}>{part.text}</code>
    // biome-ignore lint/suspicious/noArrayIndexKey: the text never changes while it is shown
    if (part.kind === 'strong') return <strong key={index}>{part.text}</strong>
    return part.text
  })
}
