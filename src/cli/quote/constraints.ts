/** `--explain`: what each constraint of the request costs. */
import type { ExplainedQuote } from '../../contract/quote.ts'
import type { Output } from '../context.ts'
import { alignDecimals, clip, plain, plural, usd } from '../format.ts'
import { renderTable } from '../table.ts'

const STATED_WIDTH = 22

export function constraintLines({ cheapest_usd, offers_left, constraints }: ExplainedQuote, out: Output): string[] {
  const whole =
    cheapest_usd === null
      ? 'no offer meets all of it'
      : `${usd(cheapest_usd)} at the cheapest, ${plural(offers_left, 'offer')} left`
  if (constraints.length === 0) return [`${out.paint('bold', 'Constraints')}: none stated; ${whole}`]
  const adds = alignDecimals(constraints.map(({ adds_usd }) => (adds_usd === null ? '-' : signed(adds_usd))))
  const without = alignDecimals(constraints.map(({ without_usd }) => (without_usd === null ? 'none' : usd(without_usd))))
  return [
    `${out.paint('bold', 'Constraints')}: ${whole}; each taken away alone:`,
    '',
    ...renderTable(
      [
        { header: 'CONSTRAINT' },
        { header: 'STATED', shrinkTo: 8 },
        { header: 'ADDS', align: 'right' },
        { header: 'WITHOUT IT', align: 'right' },
        { header: 'OFFERS LEFT', align: 'right' },
      ],
      constraints.map(({ constraint, stated, offers_without }, index) => ({
        cells: [
          constraint,
          clip(plain(stated), STATED_WIDTH),
          adds[index] ?? '',
          without[index] ?? '',
          `${offers_left} of ${offers_without}`,
        ],
      })),
      out,
    ),
  ]
}

const signed = (amount: string): string => (amount.startsWith('-') ? usd(amount) : `+${usd(amount)}`)
