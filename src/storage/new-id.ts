/** Ids of rows, and of requests and attempts before they are rows. */
import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const BYTES_OF_ONE = 16
/** Asking the generator for sixteen bytes costs nearly as much as asking for a thousand. */
const AT_ONCE = 256

const pool = Buffer.alloc(BYTES_OF_ONE * AT_ONCE)
let used = pool.length
let lastMs = 0
let sequence = 0

/** A UUID of version 7: it sorts behind all that this thread has made before, so that new rows stand together in every index. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const random = pool.subarray(used, used + BYTES_OF_ONE)
  used += BYTES_OF_ONE
  const now = Date.now()
  if (now > lastMs) {
    lastMs = now
    // Half of the range is left to count in until the next millisecond.
    sequence = random.readUInt32BE(0) >>> 1
  } else sequence += 1
  return v7({ random, msecs: lastMs, seq: sequence })
}
