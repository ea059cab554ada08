/** A made-up ledger for the browser tests. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seedLedger } from '../../scripts/seed/seed.ts'

export interface Seeded {
  readonly folder: string
  /** Text of its halftone.yaml. */
  readonly config: string
  remove(): Promise<void>
}

/** A folder that `npm run seed` filled before is copied instead. */
const prepared = process.env['HALFTONE_TEST_SEED_DIR']

/** As many requests as the environment asks for instead of `usual`: `HALFTONE_TEST_SEED_REQUESTS=1000000`. */
const requestsOr = (usual: number): number => Number(process.env['HALFTONE_TEST_SEED_REQUESTS'] ?? usual)

/** How long a hook may take that seeds `usual` requests. */
export const seedTimeoutMs = (usual: number): number => 300_000 + 3 * requestsOr(usual)

export async function seeded(options: { requests: number; days: number; images: number }): Promise<Seeded> {
  const folder = await mkdtemp(join(tmpdir(), 'halftone-seeded-'))
  if (prepared) await cp(prepared, folder, { recursive: true, filter: (path) => !path.endsWith('ledger.lock') })
  else {
    const requests = requestsOr(options.requests)
    await seedLedger({ ...options, requests, seed: 1, untilUs: Date.now() * 1_000, dataDir: folder })
  }
  return {
    folder,
    config: await readFile(join(folder, 'halftone.yaml'), 'utf8'),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
