import { type Command, InvalidArgumentError } from 'commander'
import type { ObservationReport } from '../../contract/observe.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { alignDecimals, usd } from '../format.ts'
import { renderPairs, renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly days: number
}

export function define(command: Command, context: CliContext): void {
  command.argument('<route>', 'a route of mode observe').option('--days <number>', 'how far back, 1 to 31', daysOf, 7)
  withConnectOptions(command).action((route: string, options: Options) => observe(context, route, options))
}

function daysOf(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > 31) throw new InvalidArgumentError('Write a whole number from 1 to 31.')
  return days
}

async function observe(context: CliContext, route: string, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const report = await client.call('observeRoute', { path: { route }, query: { days: options.days } })
  if (options.json) return out.json(report)
  for (const line of observationLines(report, out)) out.line(line)
}

function observationLines(report: ObservationReport, out: Output): string[] {
  const saved = report.saved_usd.startsWith('-') ? `${usd(report.saved_usd.slice(1))} dearer` : `${usd(report.saved_usd)} less`
  const left = report.without_choice > 0 ? `; ${report.without_choice} that only one of them could serve are left out` : ''
  const pairs: (readonly [string, string])[] = [
    ['Route', `${report.route}, observing ${report.observes} since ${report.since}`],
    ['Calls', `${report.calls}, of which the route served ${report.routed_calls}${servedNote(report)}`],
    ['Spent', usd(report.spent_usd)],
    ['Expected', `${usd(report.named_usd)} of ${report.observes}, ${usd(report.routed_usd)} of the route: ${saved}${left}`],
    ['Accepted', `${shareText(report.observed)} observed, ${shareText(report.routed)} routed`],
  ]
  if (report.models.length === 0) return renderPairs(pairs, out)
  const named = alignDecimals(report.models.map((it) => usd(it.named_usd)))
  const routed = alignDecimals(report.models.map((it) => usd(it.routed_usd)))
  const table = renderTable(
    [
      { header: 'THE ROUTE TAKES', shrinkTo: 16 },
      { header: 'QUALITY' },
      { header: 'CALLS', align: 'right' },
      { header: 'NAMED', align: 'right' },
      { header: 'ROUTED', align: 'right' },
    ],
    report.models.map((it, index) => ({
      cells: [it.offer, it.quality ?? '-', String(it.calls), named[index] ?? '', routed[index] ?? ''],
    })),
    out,
  )
  return [...renderPairs(pairs, out), '', ...table]
}

function servedNote({ rolled_back, fraction }: ObservationReport): string {
  if (rolled_back) return '; rolled back, because its pictures are accepted less often'
  return fraction > 0 ? `; its share is ${Number((fraction * 100).toFixed(1))} %` : ''
}

const shareText = ({ acceptance, accepted, rejected }: ObservationReport['routed']): string =>
  acceptance === null
    ? 'nothing rated'
    : `${(acceptance * 100).toFixed(1)} % of ${Number((accepted + rejected).toFixed(1))} words`
