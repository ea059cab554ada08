/** What `verify` found, kept in the data folder for `doctor`. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const verification = z.object({
  /** ISO time. */
  at: z.string(),
  request_id: z.string().nullable(),
  cost_usd: z.string(),
  departures: z.array(z.string()),
})
const memory = z.object({ version: z.literal(1), offers: z.record(z.string(), verification) })

export type Verification = z.infer<typeof verification>

const fileOf = (dataDir: string): string => join(dataDir, 'verified.json')

/** By offer; empty when nothing was ever verified here, or by a version that wrote it differently. */
export async function readVerifications(dataDir: string): Promise<ReadonlyMap<string, Verification>> {
  const text = await readFile(fileOf(dataDir), 'utf8').catch(() => '')
  try {
    return new Map(Object.entries(memory.parse(JSON.parse(text)).offers))
  } catch {
    return new Map()
  }
}

/** What one probe of an offer found. */
export interface VerifiedOffer {
  readonly offer: string
  readonly requestId: string | null
  readonly costUsd: string
  readonly departures: readonly string[]
}

/** The last result of each offer replaces the one before. */
export async function rememberResults(dataDir: string, results: readonly VerifiedOffer[], at: string): Promise<void> {
  const offers = new Map(await readVerifications(dataDir))
  for (const { offer, requestId, costUsd, departures } of results)
    offers.set(offer, { at, request_id: requestId, cost_usd: costUsd, departures: [...departures] })
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${fileOf(dataDir)}.new`
  await writeFile(draft, `${JSON.stringify({ version: 1, offers: Object.fromEntries(offers) }, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, fileOf(dataDir))
}
