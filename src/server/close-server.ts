/** The end of the HTTP server: answers that are being sent are sent to their end, everything else is cut. */
import type { FastifyInstance } from 'fastify'

/** Settled answers leave at the speed of their clients; this is how long the slowest may take. */
const SEND_MS = 10_000
const LOOK_EVERY_MS = 50

export async function closeServer(app: FastifyInstance): Promise<void> {
  // Keep-alive connections become idle one by one as their last answer ends, and would otherwise be waited for.
  const idle = setInterval(() => app.server.closeIdleConnections(), LOOK_EVERY_MS)
  const late = setTimeout(() => app.server.closeAllConnections(), SEND_MS)
  try {
    await app.close()
  } finally {
    clearInterval(idle)
    clearTimeout(late)
  }
}
