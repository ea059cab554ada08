/** The candidates of a quote in a terminal: what is worth looking at, or all of them. */
import type { CandidateQuote, QuoteResponse } from '../../contract/quote.ts'
import type { Output } from '../context.ts'
import { alignDecimals, clip, plain, plural, usd } from '../format.ts'
import { type Column, NOTE_INDENT, type Row, renderTable } from '../table.ts'

export interface ShowCandidates {
  /** Every candidate, not only the frontier, the first choice and the model in use. */
  readonly all: boolean
  /** Each line of each price. */
  readonly lines: boolean
}

/** Unrated candidates shown when nothing is rated and so there is no frontier. */
const SHOWN_UNRATED = 8

export function candidateLines(answer: QuoteResponse, out: Output, show: ShowCandidates): string[] {
  const { candidates } = answer
  if (candidates.length === 0) return ['No offer can make this.']
  const shown = show.all ? candidates : worthShowing(answer)
  const oneSize = new Set(candidates.map(sizeText)).size === 1
  const rated = candidates.some((it) => it.quality_score !== null)
  const expected = alignDecimals(shown.map((it) => usd(it.expected_usd)))
  const most = alignDecimals(shown.map((it) => (it.max_usd === null ? 'no bound' : usd(it.max_usd))))
  const columns: (Column & { readonly cell: (it: CandidateQuote, index: number) => string; readonly show?: boolean })[] = [
    {
      header: 'OFFER',
      shrinkTo: 16,
      style: (offer) => (offer === firstChoice(answer)?.offer ? 'green' : undefined),
      cell: ({ offer }) => offer,
    },
    { header: 'SIZE', cell: sizeText, show: !oneSize },
    { header: 'QUALITY', cell: qualityText },
    { header: 'RATED', align: 'right', cell: (it) => it.quality_score?.toString() ?? '-', show: rated },
    { header: 'EXPECTED', align: 'right', cell: (_, index) => expected[index] ?? '' },
    { header: 'AT MOST', align: 'right', cell: (_, index) => most[index] ?? '' },
    { header: 'WHY', shrinkTo: 10, cell: (it) => whyText(it, answer) },
  ]
  const used = columns.filter((column) => column.show !== false)
  const rows = shown.map((it, index): Row => ({ cells: used.map(({ cell }) => cell(it, index)), notes: notes(it, show, out) }))
  return [...renderTable(used, rows, out), ...legend(shown, out)]
}

/** The frontier, what would be chosen and what is used now; the cheapest where nobody has rated anything. */
export function worthShowing(answer: QuoteResponse): readonly CandidateQuote[] {
  const { candidates } = answer
  const first = firstChoice(answer)
  const isShown = (it: CandidateQuote): boolean => it.frontier || it === first || isCurrent(it, answer)
  if (candidates.some((it) => it.quality_score !== null)) return candidates.filter(isShown)
  return candidates.filter((it, index) => index < SHOWN_UNRATED || isShown(it))
}

const firstChoice = ({ candidates }: QuoteResponse): CandidateQuote | undefined => candidates.find((it) => it.choice === 1)

export const isCurrent = ({ offer, quality }: { offer: string; quality: string | null }, { current }: QuoteResponse): boolean =>
  current !== null && current.source !== 'route' && current.offer === offer && current.quality === quality

const sizeText = ({ size, size_from }: CandidateQuote): string => (size_from === 'default' ? `${size}*` : size)

const qualityText = ({ quality, quality_from }: CandidateQuote): string =>
  quality === null ? '-' : quality_from === 'default' ? `${quality}*` : quality

function whyText(it: CandidateQuote, answer: QuoteResponse): string {
  const choice = it === firstChoice(answer) ? '1st choice' : it.eligible ? 'fallback' : 'not routed'
  return isCurrent(it, answer) ? `${choice}, in use` : choice
}

/** A reason names its sources at length: one line is enough to see that there is one, `--lines` has all of it. */
const notes = (it: CandidateQuote, { lines }: ShowCandidates, out: Output): string[] => [
  ...it.spread.map((reason) => (lines ? plain(reason) : clip(plain(reason), out.width - NOTE_INDENT))),
  ...(it.marginal_usd === null ? [] : [`adds ${usd(it.marginal_usd)} to the bill; what was paid in advance covers the rest`]),
  ...(it.finishing.length > 0 ? [`then here: ${it.finishing.join(', ')}`] : []),
  ...(it.stale ? [`price not checked for ${plural(it.age_days, 'day')}`] : []),
  ...(lines ? it.lines.map((line) => `${usd(line.amount_usd)}  ${plain(line.description)}`) : []),
]

function legend(shown: readonly CandidateQuote[], out: Output): string[] {
  const auto = shown.some((it) => it.size_from === 'default' || it.quality_from === 'default')
  return auto ? [out.paint('dim', '* what the offer does where the request does not say')] : []
}

/** What is not in the table, in a sentence each. */
export function leftOut(answer: QuoteResponse): (readonly [label: string, text: string])[] {
  const { candidates } = answer
  const shown = new Set(worthShowing(answer))
  const rest = candidates.filter((it) => !shown.has(it))
  const [cheapest] = rest.filter((it) => it.quality_score === null)
  const unrated = rest.filter((it) => it.quality_score === null).length
  const beaten = rest.length - unrated
  const pairs: (readonly [string, string])[] = []
  if (beaten > 0) pairs.push(['Beaten', `${plural(beaten, 'candidate')}: another is rated as high for less (--all)`])
  if (cheapest) {
    const quality = cheapest.quality === null ? '' : `, ${cheapest.quality}`
    pairs.push(['Not rated', `${unrated} more, from ${usd(cheapest.expected_usd)} (${cheapest.offer}${quality}): --all`])
  }
  return pairs
}
