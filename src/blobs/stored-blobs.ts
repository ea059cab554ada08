/** Every blob of a data folder, small ones in their database included, for a copy of them elsewhere. Changes nothing. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isMissing, readChunks, statFile } from './files.ts'
import { type Sendable, sendable } from './s3-objects.ts'

const SHA256 = /^[0-9a-f]{64}$/
const FOLDER = /^[0-9a-f]{2}$/
const ROWS = 64

export async function* storedBlobs(dir: string): AsyncGenerator<Sendable, void, undefined> {
  for (const folder of (await namesIn(dir)).filter((name) => FOLDER.test(name))) {
    for (const sha256 of (await namesIn(join(dir, folder))).filter((name) => SHA256.test(name))) {
      const path = join(dir, folder, sha256)
      const bytes = await statFile(path).then(
        ({ size }) => size,
        () => undefined,
      )
      // A running gateway may have deleted it meanwhile.
      if (bytes !== undefined) yield { sha256, bytes, open: () => readChunks(path) }
    }
  }
  yield* smallBlobs(join(dir, 'small.db'))
}

/** A few at a time: there may be millions. */
function* smallBlobs(path: string): Generator<Sendable, void, undefined> {
  if (!existsSync(path)) return
  using db = new DatabaseSync(path, { timeout: 10_000, readOnly: true })
  const next = db.prepare('SELECT sha256, bytes FROM blobs WHERE sha256 > ? ORDER BY sha256 LIMIT ?')
  let after = ''
  for (let more = true; more; ) {
    const rows = next.all(after, ROWS)
    for (const { sha256, bytes } of rows) {
      // The name is the one it is asked for by, whatever its bytes turn out to hash to.
      if (bytes instanceof Uint8Array) yield { ...sendable(bytes), sha256: String(sha256) }
    }
    more = rows.length === ROWS
    after = String(rows.at(-1)?.['sha256'])
  }
}

/** False: its bytes are not those it was stored with, as a power cut may leave them. */
export async function isWhole({ sha256, open }: Sendable): Promise<boolean> {
  const hash = createHash('sha256')
  for await (const chunk of open()) hash.update(chunk)
  return hash.digest('hex') === sha256
}

async function namesIn(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).sort()
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
