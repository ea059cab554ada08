/** A gateway as `halftone serve` starts it, with a lease short enough to wait for its end in a test. */
import { startHalftone } from '../../src/compose.ts'

const stopped = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()))
const leaseMs = Number(process.argv[2])
const gateway = await startHalftone({ env: process.env, cwd: process.cwd(), leaseMs })
process.stdout.write(`${JSON.stringify({ object: 'started', url: gateway.url })}\n`)
await stopped
await gateway.close()
