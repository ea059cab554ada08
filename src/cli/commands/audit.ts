import { type Command, InvalidArgumentError } from 'commander'
import type { AuditEntryWire } from '../../contract/access.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { plain } from '../format.ts'
import { renderTable } from '../table.ts'

interface Options extends ConnectOptions {
  readonly limit: number
  readonly action?: string
  readonly actor?: string
  readonly object?: string
  readonly since?: string
  readonly until?: string
  readonly cursor?: string
}

export function define(command: Command, context: CliContext): void {
  command
    .option('--limit <number>', 'how many, 1 to 200', limitOf, 50)
    .option('--action <action>', 'key.create, or key for all that concerns keys')
    .option('--actor <name>', 'id or name of who did it')
    .option('--object <id>', 'what was changed')
    .option('--since <time>', 'a day or time, UTC')
    .option('--until <time>', 'a day or time, UTC, itself not included')
    .option('--cursor <id>', 'go on after the last id of the page before')
  withConnectOptions(command).action((options: Options) => listAudit(context, options))
}

function limitOf(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) throw new InvalidArgumentError('Write a whole number from 1 to 200.')
  return limit
}

async function listAudit(context: CliContext, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  const { limit, action, actor, object, since, until, cursor } = options
  const answer = await client.call('listAudit', { query: { limit, action, actor, object_id: object, since, until, cursor } })
  if (options.json) return out.json(answer)
  if (answer.data.length === 0) return out.line('Nothing.')
  for (const line of auditTable(answer.data, out)) out.line(line)
  if (answer.next_cursor) out.line(`More: --cursor ${answer.next_cursor}`)
}

function auditTable(entries: readonly AuditEntryWire[], out: Output): string[] {
  return renderTable(
    [{ header: 'WHEN' }, { header: 'WHO', shrinkTo: 8 }, { header: 'FROM' }, { header: 'WHAT' }, { header: 'OF', shrinkTo: 10 }],
    entries.map((entry) => ({
      cells: [
        entry.at.slice(0, 19).replace('T', ' '),
        plain(entry.actor),
        entry.address ?? '-',
        entry.action,
        plain(entry.object_id),
      ],
      notes: changesOf(entry),
    })),
    out,
  )
}

/** One line per member that differs. */
function changesOf({ before, after }: AuditEntryWire): string[] {
  if (!before || !after) return []
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `${name}: ${textOf(before[name])} -> ${textOf(after[name])}`)
}

const textOf = (value: unknown): string => plain(typeof value === 'string' ? value : JSON.stringify(value ?? null)).slice(0, 120)
