/**
 * Copies put in the place of the embedded ledger and of the databases that belong to it. A journal says how far that got: whoever opens the
 * folder next takes it back or brings it to its end, so that there is one whole ledger however a restore ends.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HalftoneError } from '../../core/error.ts'
import { refuseNewer } from '../migrations/migrate.ts'
import { databasePath, fileSchemaVersion, lockDataDir, syncFile } from './sqlite-files.ts'

export interface Copy {
  /** Where it goes, from the data directory on. */
  readonly target: string
  readonly from: string
}

export interface RestoreOptions {
  /** A backup of the ledger. */
  readonly from: string
  /** Copies of other databases, which go with it or not at all. */
  readonly beside?: readonly Copy[]
  readonly nowUs: number
}

export interface Restored {
  /** Where the ledger that was there is kept; null: there was none. */
  readonly replaced: string | null
}

/** From the data directory on. */
interface Replacement {
  readonly target: string
  readonly incoming: string
  readonly keptAs: string
}

interface Journal {
  /** `copying`: nothing was changed yet, and is taken back. `replacing`: every copy is complete, and takes its place. */
  readonly phase: 'copying' | 'replacing'
  readonly files: readonly Replacement[]
}

/**
 * Restore the ledger of `dataDir`, which no halftone process may use. Throws `data_dir_locked`, `schema_newer`, `not_found` and `conflict`,
 * and then nothing was changed.
 */
export function restoreSqlite(dataDir: string, options: RestoreOptions): Restored {
  const steps = restoringSqlite(dataDir, options)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same, step by step: between any two of them the process may end. */
export function* restoringSqlite(
  dataDir: string,
  { from, beside = [], nowUs }: RestoreOptions,
): Generator<string, Restored, undefined> {
  const lock = lockDataDir(dataDir)
  try {
    finishRestore(dataDir)
    checkBackup(from)
    for (const copy of beside) checkIntegrity(copy.from)
    const copies = [...beside, { target: basename(databasePath(dataDir)), from }]
    const files = copies.map(({ target }) => ({
      target,
      incoming: `${target}.restore`,
      keptAs: `${target}.before-restore-${nowUs}`,
    }))
    const ledger = files.at(-1)
    const replaced = ledger && existsSync(join(dataDir, ledger.target)) ? join(dataDir, ledger.keptAs) : null
    try {
      yield* preparing(dataDir, copies, files)
    } catch (error) {
      finishRestore(dataDir)
      throw error
    }
    writeJournal(dataDir, { phase: 'replacing', files })
    yield 'decided'
    for (const file of files) yield* replacing(dataDir, file)
    removeJournal(dataDir)
    return { replaced }
  } finally {
    lock.close()
  }
}

function* preparing(dataDir: string, copies: readonly Copy[], files: readonly Replacement[]): Generator<string> {
  writeJournal(dataDir, { phase: 'copying', files })
  yield 'begun'
  for (const { target, from } of copies) {
    const path = join(dataDir, target)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    copyFileSync(from, `${path}.restore`)
    yield `copied ${target}`
    syncFile(`${path}.restore`)
    // Somebody who still reads it is found out before anything is changed.
    if (existsSync(path)) foldLog(path)
  }
}

/** Also what is left of it, when it was begun before. */
function* replacing(dataDir: string, names: Replacement): Generator<string> {
  const [target, incoming, keptAs] = [names.target, names.incoming, names.keptAs].map((name) => join(dataDir, name)) as [
    string,
    string,
    string,
  ]
  if (!existsSync(incoming)) return
  if (existsSync(target)) {
    foldLog(target)
    yield `folded ${names.target}`
    renameSync(target, keptAs)
    syncFile(dirname(target))
    yield `kept ${names.target}`
  }
  // A log that could not be folded belongs to the file that is kept; the new one must not find it.
  for (const suffix of ['-wal', '-shm', '-journal']) {
    if ((statSync(target + suffix, { throwIfNoEntry: false })?.size ?? 0) > 0) renameSync(target + suffix, keptAs + suffix)
    else rmSync(target + suffix, { force: true })
  }
  yield `cleared ${names.target}`
  renameSync(incoming, target)
  syncFile(dirname(target))
  yield `replaced ${names.target}`
}

/** Take back or complete what a process that ended left half done. The caller holds the lock of the folder. */
export function finishRestore(dataDir: string): void {
  const journal = readJournal(dataDir)
  if (!journal) return
  if (journal.phase === 'copying') for (const { incoming } of journal.files) rmSync(join(dataDir, incoming), { force: true })
  else for (const file of journal.files) for (const _ of replacing(dataDir, file));
  removeJournal(dataDir)
}

const journalPath = (dataDir: string): string => join(dataDir, 'restore.json')

function writeJournal(dataDir: string, journal: Journal): void {
  const partial = `${journalPath(dataDir)}.partial`
  writeFileSync(partial, JSON.stringify(journal), { mode: 0o600 })
  syncFile(partial)
  renameSync(partial, journalPath(dataDir))
  syncFile(dataDir)
}

function readJournal(dataDir: string): Journal | undefined {
  // Complete, or not there: `writeJournal` alone writes it, and puts it in place by its name.
  return existsSync(journalPath(dataDir)) ? (JSON.parse(readFileSync(journalPath(dataDir), 'utf8')) as Journal) : undefined
}

function removeJournal(dataDir: string): void {
  rmSync(journalPath(dataDir), { force: true })
  syncFile(dataDir)
}

/** SQLite's codes of a file that is damaged or no database. */
const DAMAGED: ReadonlySet<unknown> = new Set([11, 26])

/** Bring what stands in the log into the file. A damaged one stays as it is: it may be why somebody restores. */
function foldLog(path: string): void {
  const db = new DatabaseSync(path, { timeout: 1_000 })
  try {
    const [row] = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all()
    if (Number(row?.['busy'] ?? 0) !== 0) throw new HalftoneError('conflict', `Another program reads ${path}; close it first.`)
  } catch (error) {
    if (!DAMAGED.has((error as { errcode?: unknown }).errcode)) throw error
  } finally {
    db.close()
  }
}

/** Throws `not_found`, `conflict` (no backup, or a damaged one) and `schema_newer`. */
export function checkBackup(file: string): void {
  if (!existsSync(file)) throw new HalftoneError('not_found', `There is no file ${file}.`)
  const version = (() => {
    try {
      return fileSchemaVersion(file)
    } catch (cause) {
      throw new HalftoneError('conflict', `${file} is not a backup of a Halftone ledger.`, { cause })
    }
  })()
  checkIntegrity(file)
  if (version === 0) throw new HalftoneError('conflict', `${file} is not a backup of a Halftone ledger.`)
  refuseNewer(version)
}

function checkIntegrity(file: string): void {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const [row] = db.prepare('PRAGMA integrity_check').all()
    if (row?.['integrity_check'] === 'ok') return
    throw new HalftoneError('conflict', `${file} is damaged: ${String(row?.['integrity_check'])}`)
  } catch (cause) {
    if (cause instanceof HalftoneError) throw cause
    throw new HalftoneError('conflict', `${file} is damaged, or no database.`, { cause })
  } finally {
    db.close()
  }
}
