import type { Command } from 'commander'
import type { copyImages, ImageCopy, LedgerMigration } from '../../compose/offline.ts'
import { type ConfigOptions, configFlags, withConfigOptions, withJsonOption } from '../connect.ts'
import type { CliContext, Output } from '../context.ts'
import { bytes, plural } from '../format.ts'
import { startProgress } from '../progress.ts'

interface Options extends ConfigOptions {
  readonly dryRun?: boolean
  readonly images?: boolean
  readonly json?: boolean
}

export function define(command: Command, context: CliContext): void {
  command
    .option('--images', 'copy the images of the data folder into the bucket of storage.blobs as well')
    .option('--dry-run', 'say what would be done, and do nothing')
  withJsonOption(withConfigOptions(command)).action((options: Options) => migrate(context, options))
}

/** `serve` does the same at its start; this is for those who want it apart, before many nodes start. */
async function migrate(context: CliContext, options: Options): Promise<void> {
  const { env, cwd, out } = context
  const { migrateLedger, loadFullConfig } = await import('../../compose/offline.ts')
  const { config } = await loadFullConfig({ env, cwd, flags: configFlags(options) })
  const report = await migrateLedger(config, { dryRun: options.dryRun === true })
  const images = options.images ? await copied(context, config, options) : undefined
  if (options.json)
    return out.json({ object: 'migration', dry_run: options.dryRun === true, ...report, ...(images && { images }) })
  sayLedger(out, report, options)
  if (images) sayImages(out, images, options)
}

type Config = Parameters<typeof copyImages>[0]

async function copied({ out, signal }: CliContext, config: Config, options: Options): Promise<ImageCopy> {
  const { copyImages } = await import('../../compose/offline.ts')
  const progress = await startProgress(out, 'copying images', options.json === true)
  try {
    return await copyImages(config, {
      dryRun: options.dryRun === true,
      signal,
      onCopied: (images) => progress.say(`copying images: ${images}`),
    })
  } finally {
    progress.stop()
  }
}

function sayImages(out: Output, { copied, bytes: size, there, damaged }: ImageCopy, { dryRun }: Options): void {
  const what = `${plural(copied, 'image')}, ${bytes(size)}`
  out.line(dryRun ? `Would copy at most ${what}.` : `Copied ${what}; ${there} were in the bucket already.`)
  for (const sha256 of damaged) out.line(`Left out: ${sha256} is damaged, its bytes are not those that were stored.`)
}

function sayLedger(out: Output, { from, to }: LedgerMigration, { dryRun }: Options): void {
  const was = from === 0 ? 'there was none' : `was ${from}`
  if (from === to) out.line(`The database has schema version ${to}. Nothing to do.`)
  else if (dryRun) out.line(`Would bring the database to schema version ${to} (${was}).`)
  else out.line(`The database has schema version ${to} now (${was}).`)
}
