import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { ReconcileRequest, UnknownAttemptWire } from '../../contract/reconcile.ts'
import { type FormatName, formats, parseFiles } from '../../imports/index.ts'
import type { Client } from '../client.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { alignDecimals, dateTime, plain, plural, usd } from '../format.ts'
import { renderTable } from '../table.ts'

interface Bill {
  readonly format: FormatName
  readonly path: string
}

interface Options extends ConnectOptions {
  readonly usd?: string
  readonly notBilled?: boolean
  readonly evidence?: string
  readonly source?: string
  readonly bill: readonly Bill[]
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('[attempt]', 'id of an attempt; without one the unknown ones are listed')
    .option('--usd <amount>', 'what the provider billed for it')
    .option('--not-billed', 'the provider did not bill it')
    .option('--evidence <id>', 'where that is known from, such as a line of an invoice; the same one counts once')
    .option('--source <name>', 'whose evidence it is (default: invoice)')
    .option('--bill <format=file>', 'look up every unknown attempt in an exported bill; may be repeated', billOf, [])
  withConnectOptions(command).action((attempt: string | undefined, options: Options) => reconcile(context, attempt, options))
}

function billOf(text: string, before: readonly Bill[]): readonly Bill[] {
  const [format = '', path = ''] = text.split(/=(.*)/s)
  if (!Object.hasOwn(formats, format) || path === '') {
    throw new InvalidArgumentError(`Write it as fal=events.json; formats are ${Object.keys(formats).join(', ')}.`)
  }
  // Checked one line above.
  return [...before, { format: format as FormatName, path }]
}

async function reconcile(context: CliContext, attempt: string | undefined, options: Options): Promise<void> {
  const { out } = context
  const client = await connect(context, options)
  if (attempt !== undefined) {
    const answer = await client.call('reconcileAttempt', { path: { id: attempt }, body: evidenceOf(options) })
    if (options.json) return out.json(answer)
    return out.line(`${usd(answer.was_usd)} was counted for it; now ${usd(answer.is_usd)} is.`)
  }
  const unknown = (await client.call('listUnknown', { query: { limit: 1000 } })).data
  if (options.bill.length > 0) return fromBills(context, { client, unknown, options })
  if (options.json) return out.json({ object: 'list', data: unknown })
  for (const line of unknownLines(unknown, out)) out.line(line)
}

function evidenceOf({ usd: amount, notBilled = false, evidence, source = 'invoice' }: Options): ReconcileRequest {
  if ((amount === undefined) === !notBilled || evidence === undefined) {
    throw new CliError('usage', 'An attempt needs --evidence, and one of --usd and --not-billed.', {
      remedy: 'Give what the bill says, such as --usd 0.04 --evidence "invoice 4711, line 3".',
    })
  }
  return { evidence_id: evidence, source, amount_usd: amount ?? '0' }
}

interface Work {
  readonly client: Client
  readonly unknown: readonly UnknownAttemptWire[]
  readonly options: Options
}

/** Lines of a bill are known by the provider's id of the call; an attempt that no line names stays as it is. */
async function fromBills({ out, cwd }: CliContext, { client, unknown, options }: Work): Promise<void> {
  const amounts = new Map<string, { amount: string; format: string }>()
  for (const { format, path } of options.bill) {
    const text = await readFile(resolve(cwd, path), 'utf8').catch((cause: unknown) => {
      throw new CliError('usage', `${path} cannot be read.`, { cause, remedy: 'Check the name and the right to read it.' })
    })
    const { rows, problems } = parseFiles(format, [{ name: path, text }], { columns: new Map() })
    const [problem] = problems
    if (problem) throw new CliError('usage', plain(`${problem.file}: ${problem.at} ${problem.message}`))
    for (const row of rows) amounts.set(row.evidence_id, { amount: row.amount_usd, format })
  }
  const done = []
  for (const attempt of unknown) {
    const id = [attempt.provider_request_id, attempt.job_id].find((name) => name !== null && amounts.has(name))
    const line = id ? amounts.get(id) : undefined
    if (!id || !line) continue
    const body: ReconcileRequest = { evidence_id: `${line.format}:${id}`, source: line.format, amount_usd: line.amount }
    done.push(await client.call('reconcileAttempt', { path: { id: attempt.id }, body }))
  }
  const left = unknown.length - done.length
  if (options.json) return out.json({ object: 'list', data: done, left })
  for (const { attempt_id, was_usd, is_usd } of done) out.line(`${attempt_id}: ${usd(was_usd)} was counted, ${usd(is_usd)} is.`)
  out.line(`${plural(done.length, 'attempt')} found in the bill; ${left} still unknown.`)
}

function unknownLines(unknown: readonly UnknownAttemptWire[], out: Output): string[] {
  if (unknown.length === 0) return ['No attempt is unknown: every call is known to be billed or not.']
  const amounts = alignDecimals(unknown.map((it) => usd(it.provisional_usd)))
  return renderTable(
    [{ header: 'ATTEMPT' }, { header: 'WHEN (UTC)' }, { header: 'OFFER', shrinkTo: 12 }, { header: 'COUNTED', align: 'right' }],
    unknown.map((attempt, index) => ({
      cells: [attempt.id, dateTime(attempt.created_at), plain(attempt.offer), amounts[index] ?? ''],
      notes: [
        ...(attempt.provider_request_id === null ? [] : [`the provider calls it ${plain(attempt.provider_request_id)}`]),
        ...(attempt.error_message === null ? [] : [plain(attempt.error_message)]),
      ],
    })),
    out,
  )
}
