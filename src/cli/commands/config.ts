import type { Command } from 'commander'
import { formatUsd } from '../../core/money.ts'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { plural } from '../format.ts'
import { renderPairs } from '../table.ts'

interface Options extends ConfigOptions {
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  const check = command
    .command('check')
    .summary('check file and environment')
    .description('Check file and environment; lists every problem with its line.')
  withJsonOption(withConfigOptions(check)).action((options: Options) => checkConfig(context, options))
  const schema = command
    .command('schema')
    .summary('print the JSON Schema of halftone.yaml')
    .description('Print the JSON Schema of halftone.yaml, for editors. It is JSON with and without --json.')
  withJsonOption(schema).action(async () => {
    const { configJsonSchema } = await import('../../config/index.ts')
    context.out.json(configJsonSchema())
  })
}

async function checkConfig({ env, cwd, out }: CliContext, options: Options): Promise<void> {
  const { describeConfig, formatProblem } = await import('../../config/index.ts')
  const { loadFullConfig } = await import('../../compose/offline.ts')
  const { config, file, warnings } = await loadFullConfig({ env, cwd, flags: configFlags(options) })
  if (options.json) {
    return out.json({ object: 'config', file: file ?? null, warnings, config: describeConfig(config) })
  }
  const enabled = Object.values(config.providers).filter((provider) => !provider.disabled)
  const hard = config.budgets.filter((budget) => budget.hard)
  const pairs: (readonly [string, string])[] = [
    ['File', file ?? 'none; defaults and environment only'],
    ['Providers', enabled.map((it) => `${it.name} (${it.type})`).join(', ') || 'none; the sandbox answers'],
    ['Routes', Object.keys(config.routes).join(', ')],
    ['Hard caps', hard.map((it) => `${it.id} $${formatUsd(it.limitNanoUsd)} per ${it.period}`).join(', ') || 'none'],
    ['Data folder', config.storage.dataDir],
    ['Ledger', config.storage.databaseUrl === undefined ? 'SQLite in the data folder' : 'PostgreSQL'],
  ]
  for (const line of renderPairs(pairs, out)) out.line(line)
  for (const warning of warnings) out.note(`${out.paintNote('yellow', 'warning:')} ${formatProblem(warning)}`)
  out.line(
    `${out.paint('green', 'The configuration is valid')}${warnings.length === 0 ? '.' : `, with ${plural(warnings.length, 'warning')}.`}`,
  )
}
