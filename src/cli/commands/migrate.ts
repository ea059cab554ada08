import type { Command } from 'commander'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'

interface Options extends ConfigOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command.option('--dry-run', 'say what would be done, and do nothing')
  withJsonOption(withConfigOptions(command)).action((options: Options) => migrate(context, options))
}

/** `serve` does the same at its start; this is for those who want it apart, before many nodes start. */
async function migrate({ env, cwd, out }: CliContext, options: Options): Promise<void> {
  const { migrateLedger, loadFullConfig } = await import('../../compose/offline.ts')
  const { config } = await loadFullConfig({ env, cwd, flags: configFlags(options) })
  const report = await migrateLedger(config, { dryRun: options.dryRun === true })
  if (options.json) return out.json({ object: 'migration', dry_run: options.dryRun === true, ...report })
  const { from, to } = report
  if (from === to) return out.line(`The database has schema version ${to}. Nothing to do.`)
  const was = from === 0 ? 'there was none' : `was ${from}`
  out.line(
    options.dryRun
      ? `Would bring the database to schema version ${to} (${was}).`
      : `The database has schema version ${to} now (${was}).`,
  )
}
