import { access, constants } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { startProgress } from '../progress.ts'

interface Options extends ConfigOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'a file written by backup')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'check the file, and change nothing')
  withJsonOption(withConfigOptions(command)).action((file: string, options: Options) => restore(context, file, options))
}

async function restore(context: CliContext, typed: string, options: Options): Promise<void> {
  const { env, cwd, out } = context
  const { checkRestore, restoreLedger, loadFullConfig } = await import('../../compose/offline.ts')
  const { config } = await loadFullConfig({ env, cwd, flags: configFlags(options) })
  const file = resolve(cwd, typed)
  await access(file, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError('usage', `${file} cannot be read (${cause.code}).`, {
      remedy: 'Name a file written by `halftone backup`.',
      cause,
    })
  })
  if (options.dryRun) {
    checkRestore(config, file)
    const report = { object: 'restore', dry_run: true, file }
    return options.json ? out.json(report) : out.line(`Would restore ${file}. Nothing was changed: --dry-run.`)
  }
  await confirm(context, `Replace the ledger by ${file}? What was recorded since that backup is set aside.`, options.yes)
  const progress = await startProgress(out, 'restoring the ledger', options.json === true)
  const { replaced } = await restoreLedger(config, file).finally(() => progress.stop())
  if (options.json) return out.json({ object: 'restore', file, replaced })
  if (replaced !== null) out.line(`The ledger that was there is kept as ${replaced}.`)
  out.line(`Restored the ledger from ${file}. Start the gateway with \`halftone serve\`.`)
}
