/** Read what is known about the offers of each provider type: one file per type in `facts/` of this package. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HalftoneError } from '../core/error.ts'
import { type FactsFile, loadFactsFile } from '../core/facts/index.ts'

/** The same path from the sources and from the build. */
const packagedFacts = (): string => fileURLToPath(new URL('../../facts/', import.meta.url))

/** By provider type. Raises `config_invalid` with every problem of the first file that has any. */
export async function loadFacts(folder: string = packagedFacts()): Promise<ReadonlyMap<string, FactsFile>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
  const files = await Promise.all(names.map(async (name) => loadFactsFile(await readJson(join(folder, name)), name)))
  return new Map(files.map((file) => [file.provider, file]))
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new HalftoneError('config_invalid', `${path} cannot be read: it must be JSON.`, { cause })
  }
}
