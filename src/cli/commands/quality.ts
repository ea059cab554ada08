import type { Command } from 'commander'
import type { ProductQualityWire } from '../../contract/quality.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { dateTime, plain } from '../format.ts'
import { renderTable } from '../table.ts'

export function define(command: Command, context: CliContext): void {
  const list = command.command('list').description('Models by what was said about their pictures, the most rejected first.')
  withConnectOptions(list).action((options: ConnectOptions) => listQuality(context, options))
  const reset = command
    .command('reset')
    .description('Put aside what was said about a model at one quality.')
    .argument('<product>', 'as in the list, such as publisher/name@quality')
  withConnectOptions(reset).action((product: string, options: ConnectOptions) => resetQuality(context, product, options))
}

async function listQuality(context: CliContext, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const list = await client.call('listQuality')
  if (options.json) return out.json(list)
  if (list.data.length === 0) return out.line('Nobody said anything about pictures that were made under a floor.')
  for (const line of qualityTable(list.data, out)) out.line(line)
}

async function resetQuality(context: CliContext, product: string, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const list = await client.call('resetQuality', { body: { product } })
  if (options.json) return out.json(list)
  out.line(`What was said about ${plain(product)} counts no more.`)
}

const qualityTable = (products: readonly ProductQualityWire[], out: Output): string[] =>
  renderTable(
    [
      { header: 'MODEL AND QUALITY', shrinkTo: 16 },
      { header: 'RATING', align: 'right' },
      { header: 'REJECTED', align: 'right' },
      { header: 'ACCEPTED', align: 'right' },
    ],
    products.map(({ product, rating, rejected, accepted, findings }) => ({
      cells: [plain(product), rating === null ? '-' : String(rating), String(rejected), String(accepted)],
      notes: findings.flatMap((each) => (each.below_until === null ? [] : [belowText(each, each.below_until)])),
    })),
    out,
  )

const belowText = ({ floor, project, since, rejected }: ProductQualityWire['findings'][number], until: string): string =>
  `below floors of ${floor} and more until ${dateTime(until)} UTC for ${project === null ? 'other projects' : `project ${plain(project)}`}: rejected ${rejected} since ${dateTime(since)}`
