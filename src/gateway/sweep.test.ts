import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { newAsset, newReserve, newSettle, T0 } from '../../test/support/ledger-rows.ts'
import { createDiskBlobStore } from '../blobs/disk.ts'
import { createSpool } from '../blobs/spool.ts'
import type { BlobStore, Spool, SpooledBody } from '../ports/blob-store.ts'
import type { Ledger } from '../ports/ledger.ts'
import { openSqliteLedger } from '../storage/index.ts'
import { createBlobGuard } from './blob-guard.ts'
import { sweep } from './sweep.ts'

const DAY_US = 86_400_000_000

let dir: string
let ledger: Ledger
let spool: Spool
let epoch: number
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'halftone-sweep-'))
  ledger = await openSqliteLedger({ dataDir: dir, now: () => T0 })
  spool = createSpool({ dir: join(dir, 'spool') })
  epoch = (await ledger.openNode({ nodeId: 'node-1', leaseMs: 60_000 })).epoch
})
afterEach(async () => {
  await spool.close()
  await ledger.close()
  await rm(dir, { recursive: true, force: true })
})

/** A store as one of several nodes has it, over a folder that they share. */
const openStore = (): BlobStore => createDiskBlobStore({ dir: join(dir, 'blobs'), smallBlobs: 'files', keepYoungMs: 60_000 })

async function picture(): Promise<SpooledBody> {
  const writer = spool.create({ maxBytes: 100 })
  await writer.write(Buffer.from('a picture'))
  return writer.end()
}

/** Its row, which is due in a day. */
async function settle({ sha256, bytes }: SpooledBody, expiresUs = T0 + DAY_US): Promise<void> {
  const reserve = newReserve({ nodeId: 'node-1', epoch })
  await ledger.reserve(reserve)
  await ledger.settle(newSettle(reserve, { assets: [newAsset({ sha256, bytes, expiresUs })] }))
}

/** As if it had been stored long ago. */
const age = ({ sha256 }: SpooledBody): Promise<void> => utimes(join(dir, 'blobs', sha256.slice(0, 2), sha256), 1, 1)

const sweepAt = (nowUs: number, blobs: BlobStore): Promise<void> =>
  sweep({ ledger, blobs, blobGuard: createBlobGuard(), clock: { nowUs: () => nowUs } }, Number.MAX_SAFE_INTEGER)

const isStored = async (blobs: BlobStore, { sha256 }: SpooledBody): Promise<boolean> => (await blobs.open(sha256)) !== undefined

test('bytes whose deletion failed, or was never tried because the node was killed, go with the next sweep', async () => {
  const blobs = openStore()
  const body = await picture()
  await blobs.put(body)
  await settle(body)
  await age(body)
  const failing = { ...blobs, delete: () => Promise.reject(new Error('the network is away')) }
  await sweepAt(T0 + DAY_US, failing)
  // Killed here: the ledger has said what may go.
  await ledger.sweep({ nowUs: T0 + DAY_US, limit: 100 })
  expect(await isStored(blobs, body)).toBe(true)
  await sweepAt(T0 + DAY_US, blobs)
  expect(await isStored(blobs, body)).toBe(false)
  expect(await ledger.sweep({ nowUs: T0 + DAY_US, limit: 100 })).toEqual({ deletedBlobs: [], more: false })
})

test('bytes that another node is storing again stay, and go when nothing came of it', async () => {
  const [one, other] = [openStore(), openStore()]
  const body = await picture()
  await one.put(body)
  await settle(body)
  await age(body)
  await other.put(body)
  await sweepAt(T0 + DAY_US, one)
  await settle(body, T0 + 2 * DAY_US)
  expect(await isStored(other, body)).toBe(true)
  await age(body)
  await sweepAt(T0 + 2 * DAY_US, one)
  expect(await isStored(other, body)).toBe(false)
})
