import type { Command } from 'commander'
import type { AlertChannelWire } from '../../contract/alerts-endpoints.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { dateTime, plain } from '../format.ts'
import { renderTable } from '../table.ts'

export function define(command: Command, context: CliContext): void {
  const list = command.command('list').description('Channels, what they are told of, and how the last delivery went.')
  withConnectOptions(list).action((options: ConnectOptions) => listChannels(context, options))
  const test = command
    .command('test')
    .description('Send a test message at once.')
    .argument('<channel>', 'its name, as in the list')
  withConnectOptions(test).action((name: string, options: ConnectOptions) => testChannel(context, name, options))
}

async function listChannels(context: CliContext, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const channels = await client.call('listAlertChannels')
  if (options.json) return out.json(channels)
  if (channels.data.length === 0) return out.line('Nobody is told of anything: add alerts to halftone.yaml.')
  for (const line of channelTable(channels.data, out)) out.line(line)
}

const channelTable = (channels: readonly AlertChannelWire[], out: Output): string[] =>
  renderTable(
    [
      { header: 'CHANNEL', shrinkTo: 10 },
      { header: 'TYPE' },
      { header: 'TO', shrinkTo: 12 },
      { header: 'FROM SEVERITY' },
      { header: 'SENT', align: 'right' },
      { header: 'FAILED', align: 'right' },
      { header: 'LAST SENT' },
    ],
    channels.map((it) => ({
      cells: [
        it.name,
        it.type,
        plain(it.target),
        it.min_severity,
        String(it.sent),
        String(it.failed),
        it.last_sent_at === null ? '-' : dateTime(it.last_sent_at),
      ],
      notes: [
        ...(it.kinds ? [`only ${it.kinds.join(', ')}`] : []),
        ...(it.last_failure ? [`failed at ${dateTime(it.last_failure.at)}: ${plain(it.last_failure.message)}`] : []),
      ],
    })),
    out,
  )

async function testChannel(context: CliContext, name: string, options: ConnectOptions): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const answer = await client.call('testAlertChannel', { path: { name } })
  if (options.json) out.json(answer)
  else out.line(`${answer.channel}: ${plain(answer.message)}`)
  // The answer is the message.
  if (!answer.ok) throw new CliError('failure', '')
}
