/** A report as titled tables and words, the same for every form: what is said stands here, how it looks in the renderers. */
import type { Report } from '../../contract/report.ts'
import { plural, usd } from '../format.ts'

export interface ReportColumn {
  readonly header: string
  readonly align: 'left' | 'right'
}

export interface ReportTable {
  readonly columns: readonly ReportColumn[]
  readonly rows: readonly (readonly string[])[]
  /** One length per row, 0 to 1, drawn as a bar; absent: none. */
  readonly bars?: readonly number[]
}

export interface Section {
  readonly title: string
  /** Paragraphs above the table. */
  readonly words: readonly string[]
  readonly table?: ReportTable
  /** Below the table, one point each. */
  readonly notes?: readonly string[]
}

export interface ReportPage {
  readonly title: string
  readonly subtitle: string
  readonly sections: readonly Section[]
}

const left = (header: string): ReportColumn => ({ header, align: 'left' })
const right = (header: string): ReportColumn => ({ header, align: 'right' })
const count = (value: number): string => value.toLocaleString('en-US')
const percent = (share: number | null): string => (share === null ? '-' : `${(share * 100).toFixed(1)} %`)
const signed = (amount: string): string => (amount.startsWith('-') || /^0(\.0+)?$/.test(amount) ? usd(amount) : `+${usd(amount)}`)
const orNone = (value: string | null): string => value ?? '(none)'
const money = (amount: string | null): string => (amount === null ? '-' : usd(amount))
const isZero = (amount: string): boolean => /^-?0(\.0+)?$/.test(amount)

export function pageOf(report: Report): ReportPage {
  const last = new Date(Date.parse(report.period.to) - 1).toISOString().slice(0, 10)
  const days = `${report.period.from.slice(0, 10)} to ${last}`
  const state = report.period.complete ? '' : ', the last day under way'
  return {
    title: `Image spend ${days}`,
    subtitle: `${report.closed ? `Month closed ${report.closed.closed_at.slice(0, 10)}. ` : ''}${report.sandbox ? 'Sandbox money. ' : ''}UTC days${state}; made ${report.generated_at.slice(0, 16).replace('T', ' ')}.`,
    sections: [
      totals(report),
      changes(report),
      parameters(report),
      ...report.groups.map(group),
      movers(report),
      waste(report),
      evidence(report),
      corrections(report),
      saved(report),
      commitments(report),
      budgets(report),
      byDay(report),
    ].filter((section) => section !== undefined),
  }
}

function totals({ totals: sums, previous, acceptance, duplicates }: Report): Section {
  const before = `${previous.from.slice(0, 10)} to ${new Date(Date.parse(previous.to) - 1).toISOString().slice(0, 10)}`
  return {
    title: 'Totals',
    words: [],
    table: {
      columns: [left('what'), right('figure')],
      rows: [
        ['Spent', usd(sums.cost_usd)],
        [`Spent before (${before})`, usd(sums.previous_usd)],
        ['Requests', count(sums.requests)],
        ['Requests that got pictures', `${count(sums.delivered)} (${percent(sums.success_share)})`],
        ['Calls to providers', count(sums.attempts)],
        ['Pictures made', count(sums.images)],
        ['Cost per picture', money(sums.cost_per_image_usd)],
        [`Cost per accepted picture (${percent(acceptance.coverage)} rated)`, money(acceptance.cost_per_accepted_usd)],
        ['Duplicates prevented', `${count(duplicates.prevented)} (${usd(duplicates.usd)})`],
        ['Latency p50 / p95', `${seconds(sums.latency_p50_ms)} / ${seconds(sums.latency_p95_ms)}`],
      ],
    },
  }
}

const seconds = (ms: number | null): string => (ms === null ? '-' : `${(ms / 1000).toFixed(1)} s`)

function changes({ changes: list, together_usd, basis }: Report): Section {
  const whole = basis.calls === basis.priced_again + basis.not_priced_again
  const trust = `${count(basis.priced_again)} of ${plural(basis.calls, 'call')} were priced again${whole ? '' : ', a sample'}: charged ${usd(basis.charged_usd)}, quoted by the same code ${usd(basis.quoted_usd)}.`
  if (list.length === 0)
    return { title: 'What would have saved most', words: ['No change of those looked at would have saved anything.', trust] }
  return {
    title: 'What would have saved most',
    words: [],
    table: {
      columns: [left('change'), right('calls'), right('saved'), right('+/-'), right('beside those above')],
      rows: list.map((change) => [
        change.title,
        change.calls === 0 ? '-' : count(change.calls),
        usd(change.saved_usd),
        isZero(change.error_usd) ? 'none' : usd(change.error_usd),
        usd(change.further_usd),
      ]),
    },
    notes: [
      `Together ${usd(together_usd)}: changes overlap, so a call counts once, for the first of them.`,
      trust,
      ...[...new Set(list.flatMap(({ assumptions }) => assumptions))],
    ],
  }
}

function parameters({ parameters: list }: Report): Section | undefined {
  if (list.length === 0) return undefined
  return {
    title: 'What parameters cost',
    words: [
      'Against the next cheaper value that the offer makes, everything else as it was. One call may stand in several lines.',
    ],
    table: {
      columns: [left('parameter'), left('route'), left('next'), right('calls'), right('costs more'), right('+/-')],
      rows: list.map((line) => [
        `${line.parameter}: ${line.value}${line.chosen_by === 'default' ? ' (default)' : ''}`,
        line.route,
        line.next,
        count(line.calls),
        usd(line.saved_usd),
        isZero(line.error_usd) ? 'none' : usd(line.error_usd),
      ]),
    },
  }
}

/** Lengths beside the largest; below zero is drawn as nothing. */
function lengths(amounts: readonly string[]): readonly number[] {
  const values = amounts.map(Number)
  const most = Math.max(...values, 0)
  return values.map((value) => (most > 0 ? Math.max(0, value / most) : 0))
}

function group({ by, rows }: Report['groups'][number]): Section {
  return {
    title: `By ${by.join(' and ')}`,
    words: [],
    table: {
      columns: [...by.map(left), right('spent'), right('pictures'), right('per picture')],
      rows: rows.map((row) => [
        ...(row.other ? by.map((_, index) => (index === 0 ? '(all others)' : '')) : row.key.map(orNone)),
        usd(row.cost_usd),
        count(row.images),
        money(row.cost_per_image_usd),
      ]),
      bars: lengths(rows.map(({ cost_usd }) => cost_usd)),
    },
  }
}

const MOVERS = 10

function movers({ change }: Report): Section {
  const shown = change.cells.slice(0, MOVERS)
  const lines = `volume ${signed(change.volume_usd)}, price ${signed(change.price_usd)}, mix ${signed(change.mix_usd)}, without a call ${signed(change.other_usd)}`
  return {
    title: 'What moved',
    words: [`${signed(change.difference_usd)} against the time before: ${lines}.`],
    ...(shown.length > 0 && {
      table: {
        columns: [left('product'), right('change'), right('volume'), right('price'), right('mix')],
        rows: shown.map((cell) => [
          `${cell.cell.filter((part) => part !== null).join(' ')}${cell.state === 'both' ? '' : ` (${cell.state})`}`,
          signed(cell.difference_usd),
          signed(cell.volume_usd),
          signed(cell.price_usd),
          signed(cell.mix_usd),
        ]),
      },
    }),
  }
}

const wasteWords = {
  failed_billed: 'Failed and billed',
  refused_billed: 'Refused and billed',
  hedges: 'Second calls for speed',
  breakage: 'Paid in advance, unused',
  unknown: 'Outcome unknown',
} as const

const waste = ({ waste: { total_usd, lines } }: Report): Section => ({
  title: 'Waste',
  words: [`${usd(total_usd)} brought no picture that anybody had asked for.`],
  table: {
    columns: [left('kind'), right('spent'), right('calls')],
    rows: lines.map((line) => [wasteWords[line.kind], usd(line.usd), count(line.attempts)]),
    bars: lengths(lines.map(({ usd: amount }) => amount)),
  },
})

function evidence({ evidence: { charges, charges_usd, by_provenance, unpriced_attempts, unknown_attempts } }: Report): Section {
  return {
    title: 'How well it is known',
    words: [`${plural(charges, 'charge')} add up to ${usd(charges_usd)}.`],
    table: {
      columns: [left('evidence'), right('amount'), right('share')],
      rows: by_provenance.map((line) => [line.provenance, usd(line.cost_usd), percent(line.share)]),
    },
    notes: [
      unpriced_attempts === 0
        ? 'No call was billed without a known price.'
        : `${plural(unpriced_attempts, 'call')} billed without a known price: their money is in no sum here.`,
      unknown_attempts === 0
        ? 'The outcome of every call is known.'
        : `${plural(unknown_attempts, 'call')} of unknown outcome: what was held for them stands in the sums until there is evidence.`,
    ],
  }
}

function corrections({ corrections: list }: Report): Section | undefined {
  if (list.length === 0) return undefined
  return {
    title: 'Corrections of closed months',
    words: ['Found out in this time about months that were closed by then; in the totals here, not in theirs.'],
    table: {
      columns: [left('month'), right('charges'), right('amount')],
      rows: list.map((line) => [line.month, count(line.charges), usd(line.cost_usd)]),
    },
  }
}

function saved({ saved: list }: Report): Section | undefined {
  if (list.length === 0) return undefined
  return {
    title: 'Saved against the baselines',
    words: ['Each route names its baseline; what is below zero would have been cheaper there.'],
    table: {
      columns: [left('baseline'), right('requests'), right('it would cost'), right('spent'), right('saved')],
      rows: list.map((line) => [
        line.baseline,
        count(line.requests),
        usd(line.baseline_usd),
        usd(line.cost_usd),
        usd(line.saved_usd),
      ]),
    },
  }
}

function commitments({ commitments: list }: Report): Section | undefined {
  if (list.length === 0) return undefined
  return {
    title: 'Paid in advance',
    words: [],
    table: {
      columns: [left('lot'), left('provider'), left('until'), right('paid'), right('covered'), right('ended unused')],
      rows: list.map((lot) => [
        lot.id,
        lot.provider,
        lot.expires_at?.slice(0, 10) ?? 'no end',
        usd(lot.paid_usd),
        usd(lot.covered_usd),
        usd(lot.unused_usd),
      ]),
    },
  }
}

function budgets({ budgets: list }: Report): Section | undefined {
  if (list.length === 0) return undefined
  return {
    title: 'Budgets now',
    words: [],
    table: {
      columns: [left('budget'), left('period'), right('spent'), right('limit'), right('used')],
      rows: list.map((budget) => [
        budget.id,
        budget.period,
        usd(budget.spent_usd),
        usd(budget.limit_usd),
        percent(budget.used_share),
      ]),
      bars: list.map((budget) => Math.min(1, Math.max(0, budget.used_share ?? 0))),
    },
  }
}

const byDay = ({ days }: Report): Section => ({
  title: 'By day',
  words: [],
  table: {
    columns: [left('day'), right('spent'), right('pictures')],
    rows: days.map((day) => [day.day, usd(day.cost_usd), count(day.images)]),
    bars: lengths(days.map(({ cost_usd }) => cost_usd)),
  },
})
