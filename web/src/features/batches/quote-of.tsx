import type { BatchQuote } from '../../../../src/contract/batch-endpoints.ts'
import { exactUsd } from '../../lib/money.ts'
import { counted } from '../../lib/numbers.ts'
import { Exact } from '../../ui/money.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Problems } from './problems.tsx'
import { selectQuote } from './select-batches.ts'

const SHOWN = 8

/** What a batch would cost, made by what, and which of its lines would not be done. */
export function QuoteOf({ quote }: { quote: BatchQuote }) {
  const { what, notes } = selectQuote(quote)
  return (
    <section aria-label="Quote" className="border-t border-ink pt-3" data-quote="batch">
      {quote.errors.length > 0 && (
        <Notice tone="bad" title="The file cannot be done as it is">
          <Problems caption="What is wrong with the file" problems={quote.errors} />
        </Notice>
      )}
      {quote.priced > 0 && (
        <div className={quote.errors.length > 0 ? 'mt-4' : ''}>
          <p className="flex flex-wrap items-baseline gap-x-3">
            <Exact usd={quote.expected_usd} className="text-[1.75rem] leading-none font-bold tracking-tight" />
            <span>{what}</span>
          </p>
          <p className="label num mt-1 whitespace-normal">{boundsText(quote)}</p>
          <Products quote={quote} />
        </div>
      )}
      <ul className="label mt-2 flex flex-col gap-1">
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      {quote.refused_count > 0 && (
        <details className="mt-3 text-sm" open={quote.priced === 0}>
          <summary className="text-warn">{counted(quote.refused_count, 'line')} would be refused, at no cost</summary>
          <Problems caption="Lines that would be refused" problems={quote.refused} count={quote.refused_count} />
        </details>
      )}
    </section>
  )
}

function boundsText({ min_usd: min, max_usd: max }: BatchQuote): string {
  if (min === max) return 'exact, known before it begins'
  if (max === null) return `expected; from ${exactUsd(min)}, no upper bound known`
  return `expected; ${exactUsd(min)} to ${exactUsd(max)}`
}

const Products = ({ quote: { products } }: { quote: BatchQuote }) => (
  <>
    <ul aria-label="What would make it" className="mt-2 border-t border-rule text-sm">
      {products.slice(0, SHOWN).map(({ offer, quality, lines, expected_usd }) => (
        <li key={`${offer} ${quality}`} className="flex justify-between gap-4 border-b border-rule py-1.5">
          <span className="min-w-0">
            <span className="block break-all">{offer}</span>
            <span className="label block">{[quality, counted(lines, 'line')].filter(Boolean).join(', ')}</span>
          </span>
          <Exact usd={expected_usd} />
        </li>
      ))}
    </ul>
    {products.length > SHOWN && <p className="label mt-1">and {products.length - SHOWN} more.</p>}
  </>
)
