import { createWriteStream, openAsBlob } from 'node:fs'
import { access } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { type BatchWire, batchTargets } from '../../contract/batch-endpoints.ts'
import type { Client } from '../client.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { dateTime, plain, plural, usd } from '../format.ts'
import { startProgress } from '../progress.ts'
import { renderPairs, renderTable } from '../table.ts'

interface RunOptions extends ConnectOptions {
  readonly endpoint: string
  readonly output?: string
  readonly wait: boolean
}

/** A batch takes minutes to a day. */
const LOOK_EVERY_MS = 1_000

export function define(command: Command, context: CliContext): void {
  const run = command
    .command('run')
    .description('Hand in a file of requests, wait for its end, and save the answers.')
    .argument('<file>', 'JSON lines, a request each')
    .addOption(new Option('--endpoint <path>', 'what every line asks for').choices(batchTargets).default(batchTargets[0]))
    .option('-o, --output <file>', 'where to save the answers (default: <file> with .answers.jsonl)')
    .option('--no-wait', 'hand it in, print its id and go')
  withConnectOptions(run).action((file: string, options: RunOptions) => runBatch(context, file, options))

  const list = command.command('list').description('The newest batches, with how far they are and what they cost so far.')
  withConnectOptions(list).action((options: ConnectOptions) => listBatches(context, options))

  const show = command.command('show').description('One batch.').argument('<id>', 'batch id')
  withConnectOptions(show).action(async (id: string, options: ConnectOptions) => {
    const client = await connect(context, options)
    print(context.out, await client.call('getBatch', { path: { id } }), options)
  })

  const save = command
    .command('save')
    .description('Save the answers of a batch that has ended.')
    .argument('<id>', 'batch id')
    .requiredOption('-o, --output <file>', 'where to save them')
  withConnectOptions(save).action(async (id: string, options: ConnectOptions & { readonly output: string }) => {
    const client = await connect(context, options)
    await finish(context, client, await client.call('getBatch', { path: { id } }), options, options.output)
  })

  const cancel = command.command('cancel').description('Begin nothing more of a batch.').argument('<id>', 'batch id')
  withConnectOptions(cancel).action(async (id: string, options: ConnectOptions) => {
    const client = await connect(context, options)
    print(context.out, await client.call('cancelBatch', { path: { id } }), options)
  })
}

async function runBatch(context: CliContext, file: string, options: RunOptions): Promise<void> {
  const { out, cwd, signal } = context
  const client = await connect(context, options)
  let batch = await handIn(client, resolve(cwd, file), options.endpoint)
  if (!options.wait) return print(out, batch, options)
  const progress = await startProgress(out, 'reading the file', options.json === true)
  try {
    while (!isOver(batch)) {
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => {
        throw new CliError('interrupted', `Interrupted; the batch ${batch.id} goes on.`, {
          remedy: `See \`halftone batch show ${batch.id}\`, or end it with \`halftone batch cancel ${batch.id}\`.`,
        })
      })
      batch = await client.call('getBatch', { path: { id: batch.id } })
      const { total, completed, failed } = batch.request_counts
      if (total > 0) progress.step(completed + failed, total)
      progress.say(`${usd(batch.halftone.cost_usd)}  ${batch.id}`)
    }
  } finally {
    progress.stop()
  }
  await finish(context, client, batch, options, options.output ?? file.replace(/(\.jsonl)?$/, '.answers.jsonl'))
}

async function handIn(client: Client, path: string, endpoint: string): Promise<BatchWire> {
  const blob = await access(path)
    .then(() => openAsBlob(path))
    .catch((cause: unknown) => {
      throw new CliError('usage', `The file ${path} cannot be read.`, { remedy: 'Name a file of JSON lines.', cause })
    })
  const form = new FormData()
  form.append('purpose', 'batch')
  form.append('file', blob, basename(path))
  const { id } = await client.call('createFile', { body: form })
  return client.call('createBatch', { body: { input_file_id: id, endpoint, completion_window: '24h' } })
}

const isOver = ({ status }: BatchWire): boolean => !['validating', 'in_progress', 'cancelling'].includes(status)

/** Both kinds of answers, each in a file of its own; fails when the batch could not be read, or when lines failed. */
async function finish(
  { out, cwd }: CliContext,
  client: Client,
  batch: BatchWire,
  options: ConnectOptions,
  output: string,
): Promise<void> {
  if (!isOver(batch)) throw new CliError('usage', `The batch ${batch.id} is still running.`, { remedy: 'Wait for its end.' })
  const save = async (fileId: string | null, to: string): Promise<string | null> => {
    if (fileId === null) return null
    const path = resolve(cwd, to)
    await pipeline(await client.open('getFileContent', { path: { id: fileId } }), createWriteStream(path))
    return path
  }
  const answers = await save(batch.output_file_id, output)
  const failures = await save(batch.error_file_id, output.replace(/(\.jsonl)?$/, '.errors.jsonl'))
  if (options.json) out.json({ ...batch, files: { answers, failures } })
  else {
    print(out, batch, options)
    for (const [what, path] of [['Answers', answers] as const, ['Failures', failures] as const]) {
      if (path !== null) out.line(`${what}: ${plain(path)}`)
    }
  }
  if (batch.status === 'failed') {
    throw new CliError('usage', `The batch ${batch.id} could not be read.`, {
      remedy: 'Mend the lines named above, and run it again.',
    })
  }
  if (failures !== null) {
    const lines = plural(batch.request_counts.failed, 'line')
    throw new CliError('failure', `${lines} of ${batch.request_counts.total} failed.`, { remedy: `${failures} says why.` })
  }
}

async function listBatches({ out, ...context }: CliContext, options: ConnectOptions): Promise<void> {
  const client = await connect({ out, ...context }, options)
  const list = await client.call('listBatches')
  if (options.json) return out.json(list)
  if (list.data.length === 0) return out.line('There are no batches. `halftone batch run <file>` hands one in.')
  const columns = [
    { header: 'BATCH', shrinkTo: 20 },
    { header: 'STATE' },
    { header: 'DONE', align: 'right' as const },
    { header: 'FAILED', align: 'right' as const },
    { header: 'COST', align: 'right' as const },
  ]
  const rows = list.data.map(({ id, status, request_counts: { total, completed, failed }, halftone }) => ({
    cells: [id, status, `${completed}/${total}`, String(failed), usd(halftone.cost_usd)],
  }))
  for (const line of renderTable(columns, rows, out)) out.line(line)
}

function print(out: Output, batch: BatchWire, { json }: ConnectOptions): void {
  if (json) {
    out.json(batch)
    return
  }
  const { total, completed, failed } = batch.request_counts
  const lines = renderPairs(
    [
      ['Batch', batch.id],
      ['State', batch.status],
      ['Lines', total === 0 ? 'not read yet' : `${total}: ${completed} done, ${failed} failed`],
      ['Cost', usd(batch.halftone.cost_usd)],
      ['Until', `${dateTime(new Date(batch.expires_at * 1_000).toISOString())} UTC at the latest`],
    ],
    out,
  )
  for (const line of lines) out.line(line)
  for (const { line, message } of batch.errors?.data ?? []) out.line(`${line === null ? '' : `line ${line}: `}${plain(message)}`)
}
