import { createReadStream, createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ExportFormat, exportFormats } from '../../contract/export-endpoints.ts'
import { type FocusVersion, focusVersions } from '../../core/export/focus/columns.ts'
import { createFocusEvaluator, type FocusEvaluator, type FocusReport, type Violation } from '../../core/export/focus/evaluate.ts'
import { createCsvReader } from '../../core/export/text.ts'
import { type ConnectOptions, connect, withConnectOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { exportDays } from '../export-days.ts'
import { plain, plural } from '../format.ts'

interface Options extends ConnectOptions {
  readonly from?: string
  readonly to?: string
  readonly month?: { readonly from: string; readonly to: string }
  readonly focus: FocusVersion
  readonly format: ExportFormat
  readonly sandbox?: boolean
  readonly output?: string
  readonly dir?: string
}

/** How many broken rules `check` prints; `--json` has the first thousand. */
const SHOWN = 20

export function define(command: Command, context: CliContext): void {
  const focus = command
    .command('focus')
    .summary('charges as FOCUS rows, in one file or a file a day')
    .description(
      'Charges, purchases and credits as FOCUS rows: one file, or a folder of days of which only changed ones are written.',
    )
    .option('--from <day>', 'first UTC day', day)
    .option('--to <day>', 'the day after the last', day)
    .option('--month <month>', 'a whole month, such as 2026-11 (default: this one)', month)
    .addOption(new Option('--focus <version>', 'version of FOCUS').choices(focusVersions).default('1.3'))
    .addOption(new Option('--format <format>', 'form of the file').choices(exportFormats).default('csv'))
    .option('--sandbox', 'sandbox money instead of real money')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .option('--dir <folder>', 'folder with a file per day and a manifest; writes the days that changed')
  withConnectOptions(focus).action((options: Options) => exportFocus(context, options))

  const check = command
    .command('check')
    .summary('check a FOCUS file against the rules of its version')
    .description('Check a FOCUS file against the rules of its version; ends with 1 where one that says MUST is broken.')
    .argument('<file>', 'CSV or JSON lines')
    .addOption(new Option('--focus <version>', 'version of FOCUS').choices(focusVersions).default('1.3'))
  withJsonOption(check).action((file: string, options: { readonly focus: FocusVersion; readonly json?: boolean }) =>
    checkFile(context, file, options),
  )
}

function day(text: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('Write a day such as 2026-11-01.')
  return text
}

function month(text: string): { readonly from: string; readonly to: string } {
  const [, year, number] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? []
  if (year === undefined) throw new InvalidArgumentError('Write a month such as 2026-11.')
  return { from: `${text}-01`, to: new Date(Date.UTC(Number(year), Number(number))).toISOString().slice(0, 10) }
}

function spanOf(options: Options, nowMs: number): { readonly from: string; readonly to: string } {
  const { from, to } = options
  if (options.month && (from ?? to) !== undefined)
    throw new CliError('usage', 'Give either --month or --from and --to.', { remedy: 'Leave one of them out.' })
  if (from === undefined && to === undefined) return options.month ?? month(new Date(nowMs).toISOString().slice(0, 7))
  if (from === undefined || to === undefined || to <= from)
    throw new CliError('usage', '--from and --to go together, and --to is the day after the last.', {
      remedy: 'For example --from 2026-11-01 --to 2026-12-01.',
    })
  return { from, to }
}

async function exportFocus(context: CliContext, options: Options): Promise<void> {
  const { out, cwd, signal } = context
  if (options.output !== undefined && options.dir !== undefined)
    throw new CliError('usage', 'Give either --output or --dir.', { remedy: 'One writes a file, the other a folder.' })
  const client = await connect(context, options)
  const query = {
    ...spanOf(options, context.nowMs()),
    version: options.focus,
    ...(options.sandbox && { sandbox: 'true' }),
  }
  if (options.dir !== undefined) {
    const report = await exportDays(client, { folder: resolve(cwd, options.dir), query, format: options.format, signal })
    if (options.json) return out.json(report)
    out.line(
      `${plural(report.written.length, 'day')} written, ${plural(report.unchanged, 'day')} as before, in ${plain(options.dir)}`,
    )
    return
  }
  const answer = await client.open('exportFocus', { query: { ...query, format: options.format } })
  if (options.output === undefined) {
    await pipeline(answer, process.stdout, { end: false, signal })
    return
  }
  await pipeline(answer, createWriteStream(resolve(cwd, options.output)), { signal })
  if (options.json) out.json({ object: 'export', file: options.output, ...query, format: options.format })
  else out.line(`Written: ${plain(options.output)}`)
}

async function checkFile(
  context: CliContext,
  file: string,
  { focus, json }: { readonly focus: FocusVersion; readonly json?: boolean },
): Promise<void> {
  const { out, cwd } = context
  const report = await evaluateFile(resolve(cwd, file), focus).catch((cause: unknown) => {
    throw new CliError('usage', `${file} cannot be read as CSV or JSON lines.`, { cause, remedy: 'Check the path and the form.' })
  })
  if (json) out.json({ object: 'focus_report', ...report })
  else for (const line of reportLines(report)) out.line(line)
  if (report.violationCount > 0)
    throw new CliError('failure', `${plural(report.violationCount, 'value')} break a rule of FOCUS ${focus}.`)
}

async function evaluateFile(path: string, version: FocusVersion): Promise<FocusReport> {
  const evaluator = path.endsWith('.jsonl') ? await readJsonLines(path, version) : await readCsv(path, version)
  return evaluator.finish()
}

async function readJsonLines(path: string, version: FocusVersion): Promise<FocusEvaluator> {
  let evaluator: FocusEvaluator | undefined
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    const row: unknown = JSON.parse(line)
    if (typeof row !== 'object' || row === null) throw new SyntaxError('A line is no JSON object.')
    evaluator ??= createFocusEvaluator(version, Object.keys(row))
    evaluator.row(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : String(value)])))
  }
  return evaluator ?? createFocusEvaluator(version, [])
}

async function readCsv(path: string, version: FocusVersion): Promise<FocusEvaluator> {
  const reader = createCsvReader()
  let columns: readonly string[] | undefined
  let evaluator: FocusEvaluator | undefined
  const take = (records: readonly (readonly (string | null)[])[]): void => {
    for (const record of records) {
      if (!columns) {
        columns = record.map((name) => name ?? '')
        evaluator = createFocusEvaluator(version, columns)
      } else evaluator?.row(Object.fromEntries(columns.map((name, index) => [name, record[index] ?? null])))
    }
  }
  for await (const text of createReadStream(path, 'utf8')) take(reader.push(String(text)))
  take(reader.end())
  return evaluator ?? createFocusEvaluator(version, [])
}

function reportLines(report: FocusReport): string[] {
  const { evaluated, neverApplied, notCheckable, permissions, gathering, total } = report
  const line = ({ rule, row, column, value, source }: Violation): string =>
    `  ${rule}  ${row === null ? 'file' : `row ${row}`}  ${column}  ${value === null ? 'null' : JSON.stringify(value.slice(0, 60))}  (${source})`
  const list = (title: string, count: number, all: readonly Violation[]): string[] =>
    count === 0 ? [] : ['', `${title}: ${count}`, ...all.slice(0, SHOWN).map(line), ...(count > SHOWN ? ['  ...'] : [])]
  return [
    `FOCUS ${report.version}: ${plural(report.rows, 'row')}, ${report.violationCount} broken, ${report.recommendationCount} recommendations not followed`,
    `${total} rules: ${evaluated.length} checked (${neverApplied.length} of them met no row), ${notCheckable.length} not checkable in a file, ${permissions.length} permissions, ${gathering.length} that only gather others`,
    ...list('Broken', report.violationCount, report.violations),
    ...list('Not followed', report.recommendationCount, report.recommendations),
  ]
}
