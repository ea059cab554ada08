/** Copies of the ledger and its small images, made and put back. */
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { backupSmall } from '../../blobs/small-backup.ts'
import type { Config } from '../../config/index.ts'
import { HalftoneError } from '../../core/error.ts'
import { backupSqlite, checkBackup, restoreSqlite } from '../../storage/index.ts'
import { systemClock } from '../../system-clock.ts'
import { databaseUrlOf } from './open-ledger.ts'

/** From the data directory on. */
const SMALL_IMAGES = join('blobs', 'small.db')
/** Small images stand beside the ledger's copy. */
const imagesBeside = (file: string): string => `${file}.images`

/**
 * One consistent copy, also while the gateway runs. An existing file is replaced only once the copy is complete. Answers the file of small
 * images beside it; null: there are none.
 */
export async function backupLedger(config: Config, file: string): Promise<{ readonly images: string | null }> {
  requireSqlite(config, 'pg_dump')
  const draft = `${file}.new`
  await rm(draft, { force: true })
  backupSqlite(config.storage.dataDir, draft)
  await rename(draft, file)
  const images = imagesBeside(file)
  if (backupSmall(join(config.storage.dataDir, SMALL_IMAGES), images)) return { images }
  // One of an older copy belongs to another ledger.
  await rm(images, { force: true })
  return { images: null }
}

/** Put a backup in place, images and all, or nothing of it. The ledger that was there is kept beside it under the path returned. */
export async function restoreLedger(config: Config, file: string): Promise<{ readonly replaced: string | null }> {
  requireSqlite(config, 'pg_restore')
  const images = imagesBeside(file)
  const beside = existsSync(images) ? [{ target: SMALL_IMAGES, from: images }] : []
  return restoreSqlite(config.storage.dataDir, { from: file, beside, nowUs: systemClock.nowUs() })
}

/** Throws what `restoreLedger` would, as far as the file tells. */
export function checkRestore(config: Config, file: string): void {
  requireSqlite(config, 'pg_restore')
  checkBackup(file)
}

function requireSqlite(config: Config, tool: string): void {
  if (databaseUrlOf(config) === undefined) return
  throw new HalftoneError('conflict', `The ledger is in PostgreSQL: use ${tool}, or the backups of your database service.`)
}
