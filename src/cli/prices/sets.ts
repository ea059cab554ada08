/** `prices update`, `rollback` and `pack`: the book as a versioned data set. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { changeWire } from '../../contract/prices.ts'
import { confirm } from '../confirm.ts'
import type { CliContext } from '../context.ts'
import { bytes, plain, wrap } from '../format.ts'
import { renderPairs } from '../table.ts'
import { changeLines, changesText, type PriceOptions, priceConfig } from './rates.ts'

interface UpdateOptions extends PriceOptions {
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly sha256?: string
}

const RELOADED = 'A running gateway of this data folder uses them at once.'

export async function updatePrices(context: CliContext, source: string, options: UpdateOptions): Promise<void> {
  const { out, cwd, signal } = context
  const config = await priceConfig(context, options)
  const { openPriceUpdate } = await import('../../compose/prices.ts')
  const update = await openPriceUpdate(config, {
    source,
    cwd,
    signal,
    ...(options.sha256 !== undefined && { sha256: options.sha256 }),
  })
  try {
    const { version, replaces, changes, warnings, newer } = update
    const answer = (installed: boolean) => ({
      object: 'price_update',
      version,
      date: update.date,
      note: update.note,
      sha256: update.sha256,
      replaces,
      installed,
      warnings,
      changes: changes.map(changeWire),
    })
    if (!options.json) {
      for (const line of renderPairs(
        [
          ['Set', `${version}, packed ${update.date}`],
          ...(update.note === null ? [] : [['Note', plain(update.note)] as const]),
          ['SHA-256', update.sha256],
          ['In use', `${replaces.version}, ${replaces.origin}`],
        ],
        out,
      ))
        out.line(line)
      for (const line of changeLines(changes, out)) out.line(line)
      out.line()
      out.line(changes.length === 0 ? 'No rate differs.' : changesText(changes))
      for (const warning of warnings) for (const line of wrap(plain(`warning: ${warning}`), out.width)) out.note(line)
    }
    if (!newer) {
      if (options.json) return out.json(answer(false))
      return out.line(`Nothing was installed: ${replaces.version} (${replaces.origin}) is in use and not older.`)
    }
    if (options.dryRun) {
      if (options.json) return out.json(answer(false))
      return out.line('Nothing was installed: --dry-run.')
    }
    await confirm(context, `Install prices ${version}?`, options.yes)
    await update.install()
    if (options.json) return out.json(answer(true))
    out.line(`Installed prices ${version}.`)
    out.line(RELOADED)
  } finally {
    await update.discard()
  }
}

interface RollbackOptions extends PriceOptions {
  readonly yes?: boolean
  readonly shipped?: boolean
}

export async function rollbackPrices(context: CliContext, options: RollbackOptions): Promise<void> {
  const { out } = context
  const config = await priceConfig(context, options)
  const { rollBack } = await import('../../compose/prices.ts')
  const toShipped = options.shipped === true
  await confirm(
    context,
    toShipped ? 'Return to the shipped prices?' : 'Return to the set of prices before this one?',
    options.yes,
  )
  const rolled = await rollBack(config, { toShipped })
  if (options.json) return out.json({ object: 'price_rollback', rolled_back: rolled !== undefined, ...rolled })
  if (rolled === undefined) return out.line('Nothing is installed: the shipped prices are in use.')
  out.line(`Left ${rolled.left}; ${rolled.version} (${rolled.origin}) is in use.`)
  out.line(RELOADED)
}

interface PackOptions extends PriceOptions {
  readonly folder?: string
  readonly as?: string
  readonly note?: string
}

export async function packSet(context: CliContext, file: string, options: PackOptions): Promise<void> {
  const { out, cwd } = context
  const { packPrices } = await import('../../compose/prices.ts')
  const bundle = await packPrices({
    date: new Date(context.nowMs()).toISOString(),
    ...(options.folder !== undefined && { folder: resolve(cwd, options.folder) }),
    ...(options.as !== undefined && { version: options.as }),
    ...(options.note !== undefined && { note: options.note }),
  })
  const text = `${JSON.stringify(bundle)}\n`
  await writeFile(resolve(cwd, file), text)
  const { createHash } = await import('node:crypto')
  const sha256 = createHash('sha256').update(text).digest('hex')
  const { version } = bundle.manifest
  const files = Object.keys(bundle.files).length
  if (options.json) return out.json({ object: 'price_bundle', file, version, files, bytes: Buffer.byteLength(text), sha256 })
  for (const line of renderPairs(
    [
      ['File', `${file}, ${bytes(Buffer.byteLength(text))}`],
      ['Version', `${version}, ${files} files`],
      ['SHA-256', sha256],
    ],
    out,
  ))
    out.line(line)
}
