/** Clients that keep a connection and stop reading: what waits for them would wait for ever, pictures and all. */
import type { ServerResponse } from 'node:http'

/** A mobile connection that hangs comes back within this, or not at all. */
const STALLED_MS = 120_000

/** From now on the connection is cut once nothing could be sent for so long; it must have something to send all the time. */
export function cutWhenStalled(raw: ServerResponse, stalledMs = STALLED_MS): void {
  raw.setTimeout(stalledMs, () => raw.destroy())
}
