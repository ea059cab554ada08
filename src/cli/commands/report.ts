import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Report } from '../../contract/report.ts'
import { type ConnectOptions, connect, withConnectOptions } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { CliError } from '../exit.ts'
import { plain } from '../format.ts'
import { htmlReport } from '../spend-report/html.ts'
import { markdownReport } from '../spend-report/markdown.ts'
import { pageOf } from '../spend-report/sections.ts'
import { terminalLines } from '../spend-report/terminal.ts'

const formats = ['terminal', 'markdown', 'html', 'json'] as const

interface Options extends ConnectOptions {
  readonly month?: string
  readonly from?: string
  readonly to?: string
  readonly group?: readonly string[]
  readonly format?: (typeof formats)[number]
  readonly html?: boolean
  readonly calls?: number
  readonly sandbox?: boolean
  readonly output?: string
}

export function define(command: Command, context: CliContext): void {
  command
    .option('--month <month>', 'a month, such as 2026-11 (default: this one so far)')
    .option('--from <day>', 'instead of a month: first UTC day')
    .option('--to <day>', 'the last day, included')
    .option('--group <dimensions...>', 'tables by one or two dimensions each, such as model project,route')
    .addOption(new Option('--format <format>', 'form of the report (default: terminal)').choices(formats))
    .option('--html', 'the same as --format html')
    .option('--calls <number>', 'about how many calls are priced again, at most (default: 10000)', wholeNumber)
    .option('--sandbox', 'sandbox money instead of real money')
    .option('-o, --output <file>', 'file to write (default: standard output)')
  withConnectOptions(command).action((options: Options) => report(context, options))
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 100) throw new InvalidArgumentError('Write a whole number from 100.')
  return value
}

async function report(context: CliContext, options: Options): Promise<void> {
  const { out, cwd } = context
  const format = formatOf(options)
  const client = await connect(context, options)
  const answer = await client.call('getReport', {
    query: {
      month: options.month,
      from: options.from,
      to: options.to,
      group: options.group?.join(';'),
      calls: options.calls,
      sandbox: options.sandbox ? 'true' : undefined,
    },
  })
  if (options.output === undefined) {
    if (format === 'json') return out.json(answer)
    const lines = format === 'terminal' ? terminalLines(pageOf(answer), out) : textOf(answer, format).trimEnd().split('\n')
    for (const line of lines) out.line(line)
    return
  }
  const text = format === 'terminal' ? plainLines(answer, out) : textOf(answer, format)
  const file = resolve(cwd, options.output)
  await write(file, text)
  out.note(`Written: ${plain(options.output)}`)
}

function formatOf({ format, html, json }: Options): (typeof formats)[number] {
  const named = [...(format ? [format] : []), ...(html ? ['html' as const] : []), ...(json ? ['json' as const] : [])]
  const [first = 'terminal', ...others] = [...new Set(named)]
  if (others.length > 0) {
    throw new CliError('usage', 'Give one form of the report.', { remedy: 'Choose between --format, --html and --json.' })
  }
  return first
}

const textOf = (answer: Report, format: 'markdown' | 'html' | 'json'): string =>
  format === 'json'
    ? `${JSON.stringify(answer, null, 2)}\n`
    : format === 'html'
      ? htmlReport(pageOf(answer))
      : markdownReport(pageOf(answer))

/** A file has no colours. */
const plainLines = (answer: Report, out: Output): string =>
  `${terminalLines(pageOf(answer), { ...out, paint: (_, text) => text }).join('\n')}\n`

async function write(file: string, text: string): Promise<void> {
  try {
    await using handle = await open(file, 'w')
    await handle.writeFile(text)
  } catch (cause) {
    throw new CliError('usage', `${file} cannot be written.`, { cause, remedy: 'Check the folder and its permissions.' })
  }
}
