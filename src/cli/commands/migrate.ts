import type { Command } from 'commander'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { plural } from '../format.ts'

interface Options extends ConfigOptions {
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command.option('--dry-run', 'list what would be applied')
  withJsonOption(withConfigOptions(command)).action((options: Options) => migrate(context, options))
}

/** `serve` does the same at its start; this is for those who want it apart, before many nodes start. */
async function migrate({ env, cwd, out }: CliContext, options: Options): Promise<void> {
  const { loadConfig } = await import('../../config/index.ts')
  const { config } = await loadConfig({ env, cwd, flags: configFlags(options) })
  const { migrateLedger } = await import('../../compose-offline.ts')
  const report = await migrateLedger(config, { dryRun: options.dryRun === true })
  if (options.json) return out.json({ object: 'migration', dry_run: options.dryRun === true, ...report })
  if (report.applied.length === 0) return out.line(`The database has schema version ${report.to}. Nothing to do.`)
  for (const { version, name } of report.applied) out.line(`  ${version}  ${name}`)
  out.line(
    options.dryRun
      ? `${plural(report.applied.length, 'migration')} to apply, from version ${report.from} to ${report.to}. Nothing was changed: --dry-run.`
      : `The database has schema version ${report.to} now (was ${report.from}).`,
  )
}
