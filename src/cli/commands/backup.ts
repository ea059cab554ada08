import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../exit.ts'
import { bytes } from '../format.ts'
import { startProgress } from '../progress.ts'

interface Options extends ConfigOptions {
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'where to write it')
    .option('--force', 'replace the file if it exists')
    .option('--dry-run', 'check that it could be written, and write nothing')
  withJsonOption(withConfigOptions(command)).action((file: string, options: Options) => backup(context, file, options))
}

async function backup({ env, cwd, out }: CliContext, typed: string, options: Options): Promise<void> {
  const { backupLedger, loadFullConfig } = await import('../../compose/offline.ts')
  const { config } = await loadFullConfig({ env, cwd, flags: configFlags(options) })
  const file = resolve(cwd, typed)
  const exists = await stat(file).then(
    () => true,
    () => false,
  )
  if (exists && !options.force) throw new CliError('usage', `${file} exists.`, { remedy: 'Choose another file, or add --force.' })
  if (options.dryRun) {
    const report = { object: 'backup', dry_run: true, file }
    return options.json ? out.json(report) : out.line(`Would write ${file}. Nothing was written: --dry-run.`)
  }
  const progress = await startProgress(out, 'copying the ledger', options.json === true)
  const { images } = await backupLedger(config, file).finally(() => progress.stop())
  const { size } = await stat(file)
  const imageBytes = images === null ? null : (await stat(images)).size
  if (options.json) return out.json({ object: 'backup', file, bytes: size, images, image_bytes: imageBytes })
  out.line(`Wrote ${file}, ${bytes(size)}: requests, charges, budgets and keys.`)
  if (images !== null && imageBytes !== null) out.line(`Wrote ${images}, ${bytes(imageBytes)}: small images; restore takes both.`)
  const { blobs, dataDir } = config.storage
  const rest = blobs
    ? `Not in it: images, which lie in the bucket ${blobs.bucket}. Keep them by its own means.`
    : `Not in it: larger images, files under ${dataDir}/blobs, and thumbnails, which are made again. Copy the folder to keep them.`
  out.line(out.paint('dim', rest))
}
