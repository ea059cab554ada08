import type { Command } from 'commander'
import type { ClosedMonthWire } from '../../contract/months.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { dateTime, plain, plural, usd } from '../format.ts'
import { renderPairs, renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly force?: boolean
  readonly check?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('[month]', 'the month to close, such as 2026-10; without one, the closed months are listed')
    .option('--force', 'close although calls of unknown outcome stand in it at what was held for them')
    .option('--check', 'only look whether a closed month still holds what it held; ends with 1 where it does not')
  withConnectOptions(command).action((month: string | undefined, options: Options) => run(context, month, options))
}

async function run(context: CliContext, month: string | undefined, options: Options): Promise<void> {
  const { out } = context
  if (month === undefined && (options.force || options.check)) {
    throw new CliError('usage', '--force and --check need a month.', { remedy: 'Write the month, such as 2026-10.' })
  }
  const client = await connect(context, options)
  if (month === undefined) {
    const list = await client.call('listMonths')
    if (options.json) return out.json(list)
    if (list.data.length === 0) return out.line('No month is closed.')
    const columns = [{ header: 'month' }, { header: 'closed' }, { header: 'by' }, { header: 'total', align: 'right' as const }]
    const rows = list.data.map((each) => ({
      cells: [each.month, dateTime(each.closed_at), plain(each.closed_by), each.seal ? usd(each.seal.total_usd) : 'not added up'],
    }))
    for (const line of renderTable(columns, rows, out)) out.line(line)
    return
  }
  if (options.check) {
    const checked = await client.call('checkMonth', { path: { month } })
    if (options.json) out.json(checked)
    else for (const line of [...renderPairs(pairsOf(checked), out), checked.unchanged ? 'Unchanged.' : 'CHANGED.']) out.line(line)
    if (!checked.unchanged) throw new CliError('failure', `${month} no longer holds what it held when it was closed.`)
    return
  }
  const closed = await client.call('closeMonth', { path: { month }, body: { force: options.force === true } })
  if (options.json) return out.json(closed)
  for (const line of renderPairs(pairsOf(closed), out)) out.line(line)
}

const pairsOf = ({
  month,
  closed_at,
  closed_by,
  forced,
  unknown_attempts,
  seal,
}: ClosedMonthWire): (readonly [string, string])[] => [
  ['Month', `${month}, closed ${dateTime(closed_at)} by ${plain(closed_by)}${forced ? ', by force' : ''}`],
  ...(seal
    ? ([
        ['Charges', plural(seal.charges, 'charge')],
        ['Total', usd(seal.total_usd)],
        ['SHA-256', seal.sha256],
      ] as const)
    : []),
  ...(unknown_attempts.length > 0 ? ([['Unknown', unknown_attempts.join(', ')]] as const) : []),
]
