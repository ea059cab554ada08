/** Copies of the database of small images, consistent also while it is written. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** False: there are no small images. An existing file is replaced only once the copy is complete. */
export function backupSmall(path: string, file: string): boolean {
  if (!existsSync(path)) return false
  const partial = `${file}.partial`
  rmSync(partial, { force: true })
  using db = new DatabaseSync(path, { timeout: 10_000 })
  db.prepare('VACUUM INTO ?').run(partial)
  renameSync(partial, file)
  return true
}
