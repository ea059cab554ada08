/** `--count` and `--deadline`: a job of many images. */
import { InvalidArgumentError } from 'commander'
import type { JobCandidateWire, QuoteResponse } from '../../contract/quote.ts'
import { divideHalfEven, formatUsd, NANO_PER_USD, parseUsd } from '../../core/money.ts'
import type { Output } from '../context.ts'
import { alignDecimals, clip, plain, plural, usd, wrap } from '../format.ts'
import { NOTE_INDENT, renderTable } from '../table.ts'
import { isCurrent } from './candidates.ts'

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90m`, `6h` or `2d`, in milliseconds. */
export function parseDeadline(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * (unitMs[unit] ?? 0)
  if (!(ms > 0)) throw new InvalidArgumentError('Write a number and a unit, such as 90m, 6h or 2d.')
  return ms
}

/** `6 h`, `1 h 30 m`, `45 s`. */
export function spanText(ms: number): string {
  const parts: string[] = []
  let left = Math.ceil(ms / 1_000) * 1_000
  for (const [unit, size] of Object.entries(unitMs).reverse()) {
    if (left >= size && parts.length < 2) parts.push(`${Math.floor(left / size)} ${unit}`)
    left %= size
  }
  return parts.join(' ') || '0 s'
}

export interface ShowJob {
  readonly all: boolean
  /** Reasons in full, with their sources. */
  readonly lines: boolean
}

export function jobLines(answer: QuoteResponse, out: Output, { all, lines }: ShowJob): string[] {
  const { job } = answer
  if (!job) return []
  const rated = job.candidates.some((it) => it.quality_score !== null)
  const shown = all ? job.candidates : job.candidates.filter((it, index) => isWorth(it, index, rated, answer))
  const brief = (reason: string): string =>
    lines ? plain(reason) : clip(plain(reason), REASON_LINES * (out.width - NOTE_INDENT))
  const within = job.deadline_ms === null ? '' : ` within ${spanText(job.deadline_ms)}`
  const title = `${out.paint('bold', 'Job')} of ${plural(job.count, 'image')}${within}`
  if (shown.length === 0) return [`${title}: no offer can make these.`]
  const expected = alignDecimals(shown.map((it) => rounded(it.expected_usd)))
  const least = alignDecimals(shown.map((it) => rounded(it.min_usd)))
  const most = alignDecimals(shown.map((it) => (it.max_usd === null ? 'no bound' : rounded(it.max_usd))))
  const rest = job.candidates.length - shown.length
  // Said once where it is the same for every row.
  const shared =
    shown.length > 1 ? (shown[0]?.reasons ?? []).filter((reason) => shown.every((it) => it.reasons.includes(reason))) : []
  return [
    title,
    '',
    ...renderTable(
      [
        { header: 'OFFER', shrinkTo: 16 },
        { header: 'QUALITY' },
        { header: 'LANE' },
        { header: 'AT LEAST', align: 'right' },
        { header: 'EXPECTED', align: 'right' },
        { header: 'AT MOST', align: 'right' },
        { header: 'IN TIME', style: (text) => (text.startsWith('no') ? 'red' : undefined) },
      ],
      shown.map((it, index) => ({
        cells: [it.offer, it.quality ?? '-', it.lane, least[index] ?? '', expected[index] ?? '', most[index] ?? '', timeText(it)],
        notes: [
          ...(isCurrent(it, answer) ? ['in use now'] : []),
          `${plural(it.calls, 'call')}; ${rounded(it.allowance_usd)} of the expected sum is for failed tries`,
          ...it.reasons.filter((reason) => !shared.includes(reason)).map(brief),
        ],
      })),
      out,
    ),
    ...shared.flatMap((reason) => wrap(`All: ${brief(reason)}`, out.width)).map((line) => out.paint('dim', line)),
    ...(rest > 0 ? [out.paint('dim', `${plural(rest, 'more candidate')}: --all`)] : []),
  ]
}

const SHOWN_UNRATED = 5
const REASON_LINES = 2

const isWorth = (it: JobCandidateWire, index: number, rated: boolean, answer: QuoteResponse): boolean =>
  it.frontier || isCurrent(it, answer) || (!rated && index < SHOWN_UNRATED) || index === 0

const timeText = ({ in_time, duration_ms }: JobCandidateWire): string => {
  const time = duration_ms === null ? '' : `, ${spanText(duration_ms)}`
  return in_time === 'unknown' ? 'not known' : `${in_time}${time}`
}

/** To the cent from a dollar on, where the rest says nothing; below, as exact as it is. `--json` has all of it. */
function rounded(text: string): string {
  const amount = parseUsd(text)
  if (amount < NANO_PER_USD) return usd(text)
  return usd(formatUsd(divideHalfEven(amount, 10_000_000n) * 10_000_000n))
}
