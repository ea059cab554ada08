/** Read the price book from its folder: one file per provider, the conversions, the quality priors. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { HalftoneError } from '../core/error.ts'
import { type HashedBook, loadFx, loadPriceBook } from '../core/pricing/index.ts'
import type { FxRate, PriceBook } from '../core/pricing/price-book.ts'
import { loadQualityPriors, type QualityPriors } from '../core/pricing/quality.ts'
import { checkBook } from '../core/pricing/validate.ts'
import { jsonProblem, locateProblems, type PriceText } from './price-problems.ts'

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
 * Reads and checks every file. Raises `config_invalid` naming file, line and remedy of every problem in it; an empty folder is
 * a problem too. The hash of a book is the SHA-256 of its file. `shownAs` replaces the folder in messages.
 */
export async function loadPriceFiles(
  folder: string = packagedPrices(),
  { shownAs = folder }: { readonly shownAs?: string } = {},
): Promise<PriceFiles> {
  const names = (await list(folder)).filter((name) => name.endsWith('.json') && !others.has(name)).sort()
  if (names.length === 0) throw new HalftoneError('config_invalid', `${shownAs} holds no price book.`)
  const read = async <T>(name: string, load: (json: unknown, name: string) => T): Promise<{ value: T; hash: string }> => {
    const bytes = await bytesOf(folder, name)
    const file: PriceText = { name, shown: `${shownAs.replace(/\/$/, '')}/${name}`, text: new TextDecoder().decode(bytes) }
    return { value: checked(file, load), hash: createHash('sha256').update(bytes).digest('hex') }
  }
  const books = await Promise.all(names.map((name) => read(name, loadBook)))
  const fx = await read('fx.json', loadFx)
  const quality = await read('quality.json', loadQualityPriors)
  return { books: books.map(({ value, hash }) => ({ book: value, hash })), fx: fx.value, quality: quality.value }
}

/** The shape, and what compiling would refuse, while the text is at hand to say where. */
function loadBook(json: unknown, name: string): PriceBook {
  const book = loadPriceBook(json, name)
  checkBook(book, name)
  return book
}

function checked<T>(file: PriceText, load: (json: unknown, name: string) => T): T {
  const json = parse(file)
  try {
    return load(json, file.name)
  } catch (error) {
    throw locateProblems(error, file)
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new HalftoneError('config_invalid', `The price folder ${folder} cannot be read.`, { cause })
  }
}

async function bytesOf(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(`${folder}/${name}`)
  } catch (cause) {
    throw new HalftoneError('config_invalid', `${folder}/${name} cannot be read. A set of prices needs it.`, { cause })
  }
}

function parse(file: PriceText): unknown {
  try {
    return JSON.parse(file.text)
  } catch (cause) {
    throw jsonProblem(file, cause)
  }
}
