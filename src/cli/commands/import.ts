import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Argument, type Command, InvalidArgumentError } from 'commander'
import { type ImportRow, MAX_IMPORT_ROWS } from '../../contract/imports.ts'
import { formatUsd, parseUsd } from '../../core/money.ts'
import { type FormatName, formats, parseFiles } from '../../imports/index.ts'
import type { ImportFile, Parsed } from '../../imports/types.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { plain, plural, usd } from '../format.ts'

interface Options extends ConnectOptions {
  readonly project?: string
  readonly provider?: string
  readonly column: ReadonlyMap<string, string>
  readonly source?: string
  readonly dryRun?: boolean
}

/** How many problems and left-out names are shown; `--json` has all. */
const SHOWN = 12

export function define(command: Command, context: CliContext): void {
  const list = Object.values(formats).map(({ id, summary }) => `  ${id.padEnd(11)} ${summary}`)
  command
    .addArgument(new Argument('<format>', 'what the files are').choices(Object.keys(formats)))
    .argument('<files...>', 'what was exported; several pages or answers may be several files')
    .option('--project <id>', 'project the spend belongs to (default: default)')
    .option('--source <name>', 'name of the account the rows come from, where there are several (default: the format)')
    .option('--provider <name>', 'who was paid, for tables that do not say')
    .option('--column <word=heading>', 'which column of a table is what; may be repeated', columnOf, new Map<string, string>())
    .option('--dry-run', 'read and check the files, write nothing')
    .addHelpText('after', `\nFormats:\n${list.join('\n')}`)
  withConnectOptions(command).action((format: FormatName, files: readonly string[], options: Options) =>
    importFiles(context, { format, paths: files, options }),
  )
}

function columnOf(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [word = '', heading = ''] = text.split(/=(.*)/s)
  if (word === '' || heading === '') throw new InvalidArgumentError('Write it as amount_usd="Cost (USD)".')
  return new Map([...before, [word, heading]])
}

interface Asked {
  readonly format: FormatName
  readonly paths: readonly string[]
  readonly options: Options
}

async function importFiles(context: CliContext, { format, paths, options }: Asked): Promise<void> {
  const { out, cwd } = context
  const files = await Promise.all(paths.map((path) => readImport(cwd, path)))
  const { provider, column: columns } = options
  const parsed = parseFiles(format, files, { columns, ...(provider !== undefined && { provider }) })
  refuseProblems(parsed)
  const found = { ...sumsOf(parsed.rows), skipped: Object.fromEntries(parsed.skipped) }
  if (options.dryRun) {
    if (options.json) return out.json({ object: 'import', dry_run: true, ...found })
    for (const line of foundLines(parsed, found)) out.line(line)
    return out.line('Nothing was written (--dry-run).')
  }
  const done = await send(context, { format, options, rows: parsed.rows })
  if (options.json) return out.json({ object: 'import', dry_run: false, ...found, ...done })
  for (const line of foundLines(parsed, found)) out.line(line)
  for (const line of doneLines(done, options.source ?? format)) out.line(line)
}

async function readImport(cwd: string, path: string): Promise<ImportFile> {
  try {
    return { name: path, text: await readFile(resolve(cwd, path), 'utf8') }
  } catch (cause) {
    throw new CliError('usage', `${path} cannot be read.`, { cause, remedy: 'Check the name and the right to read it.' })
  }
}

/** Half an import would be worse than none: with any problem nothing is sent. */
function refuseProblems({ problems }: Parsed): void {
  if (problems.length === 0) return
  const shown = problems.slice(0, SHOWN).map(({ file, at, message }) => plain(`${file}: ${at} ${message}`))
  if (problems.length > SHOWN) shown.push(`and ${problems.length - SHOWN} more.`)
  throw new CliError('usage', `${plural(problems.length, 'problem')}, so nothing was imported:\n  ${shown.join('\n  ')}`, {
    remedy: 'docs/guide/import.md says what to export from where.',
  })
}

interface Done {
  readonly written: number
  readonly corrected: number
  readonly unchanged: number
}

async function send(
  context: CliContext,
  { format, options, rows }: { readonly format: FormatName; readonly options: Options; readonly rows: readonly ImportRow[] },
): Promise<Done> {
  const client = await connect(context, options)
  const done = { written: 0, corrected: 0, unchanged: 0 }
  for (let start = 0; start < rows.length; start += MAX_IMPORT_ROWS) {
    const body = {
      source: options.source ?? format,
      ...(options.project !== undefined && { project_id: options.project }),
      rows: rows.slice(start, start + MAX_IMPORT_ROWS),
    }
    const answer = await client.call('importSpend', { body })
    done.written += answer.written
    done.corrected += answer.corrected
    done.unchanged += answer.unchanged
  }
  return done
}

const sumsOf = (rows: readonly ImportRow[]) => ({
  rows: rows.length,
  images: rows.reduce((sum, row) => sum + row.images, 0),
  amount_usd: formatUsd(rows.reduce((sum, row) => sum + parseUsd(row.amount_usd), 0n)),
  from: edgeOf(rows, -1),
  to: edgeOf(rows, 1),
})

/** ISO times compare as text. */
const edgeOf = (rows: readonly ImportRow[], direction: 1 | -1): string =>
  rows.map(({ at }) => at).sort((left, right) => (left < right ? direction : -direction))[0] ?? ''

function foundLines({ skipped }: Parsed, found: ReturnType<typeof sumsOf>): string[] {
  if (found.rows === 0) return ['The files have nothing about pictures.', ...skippedLines(skipped)]
  const days =
    found.from.slice(0, 10) === found.to.slice(0, 10)
      ? found.from.slice(0, 10)
      : `${found.from.slice(0, 10)} to ${found.to.slice(0, 10)}`
  return [
    `${plural(found.rows, 'row')}, ${plural(found.images, 'picture')}, ${usd(found.amount_usd)}, ${days}.`,
    ...skippedLines(skipped),
  ]
}

function skippedLines(skipped: ReadonlyMap<string, number>): string[] {
  if (skipped.size === 0) return []
  const names = [...skipped].sort(([, left], [, right]) => right - left).map(([name, count]) => `${plain(name)} (${count})`)
  const rest = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : ''
  return [`Left out, as not about pictures: ${names.slice(0, SHOWN).join(', ')}${rest}.`]
}

function doneLines({ written, corrected, unchanged }: Done, source: string): string[] {
  const parts = [
    `${written} new`,
    ...(corrected > 0 ? [`${corrected} corrected`] : []),
    ...(unchanged > 0 ? [`${unchanged} known already`] : []),
  ]
  return [`Recorded: ${parts.join(', ')}. They are on the route import:${source}.`]
}
