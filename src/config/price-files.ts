/** Read the price book from its folder: one file per provider, the conversions, the quality priors. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { HalftoneError } from '../core/error.ts'
import { type HashedBook, loadFx, loadPriceBook } from '../core/pricing/index.ts'
import type { FxRate } from '../core/pricing/price-book.ts'
import { loadQualityPriors, type QualityPriors } from '../core/pricing/quality.ts'

/** `prices/` of this package; the same path from the sources and from the build. */
export const packagedPrices = (): string => fileURLToPath(new URL('../../prices/', import.meta.url))

export interface PriceFiles {
  readonly books: readonly HashedBook[]
  readonly fx: readonly FxRate[]
  readonly quality: QualityPriors
}

/** Files in the folder that are not a provider's book. */
const others: ReadonlySet<string> = new Set(['fx.json', 'quality.json', 'schema.json'])

/**
 * Reads and checks every file. Raises `config_invalid` naming the file and every problem in it; an empty folder is one too.
 * The hash of a book is the SHA-256 of its file.
 */
export async function loadPriceFiles(folder: string = packagedPrices()): Promise<PriceFiles> {
  const names = (await list(folder)).filter((name) => name.endsWith('.json') && !others.has(name)).sort()
  if (names.length === 0) throw new HalftoneError('config_invalid', `${folder} holds no price book.`)
  const books = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(`${folder}/${name}`)
      return { book: loadPriceBook(parse(text, name), name), hash: createHash('sha256').update(text).digest('hex') }
    }),
  )
  const fx = loadFx(parse(await readFile(`${folder}/fx.json`), 'fx.json'), 'fx.json')
  const quality = loadQualityPriors(parse(await readFile(`${folder}/quality.json`), 'quality.json'), 'quality.json')
  return { books, fx, quality }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new HalftoneError('config_invalid', `The price folder ${folder} cannot be read.`, { cause })
  }
}

function parse(text: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(text))
  } catch (cause) {
    throw new HalftoneError('config_invalid', `${name} is not valid JSON.`, { cause })
  }
}
