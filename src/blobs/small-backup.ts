/** Copies of the database of small images, consistent also while it is written. */
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
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

/** Put a copy in place; what was there is kept under the path returned, null when there was none. Nobody may use the folder. */
export function restoreSmall(path: string, file: string, nowUs: number): string | null {
  mkdirSync(dirname(path), { recursive: true })
  const incoming = `${path}.restore`
  copyFileSync(file, incoming)
  const replaced = existsSync(path) ? `${path}.before-restore-${nowUs}` : null
  if (replaced) {
    // Fold the log into the file first: the two belong together.
    const old = new DatabaseSync(path)
    old.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    old.close()
    renameSync(path, replaced)
  }
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true })
  renameSync(incoming, path)
  return replaced
}
