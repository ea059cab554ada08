/** Child process: the gateway as `halftone serve` starts it, from the sources. */
import { startHalftone } from '../../src/compose.ts'

const halftone = await startHalftone({ env: process.env, cwd: process.cwd() })
process.on('SIGTERM', () => {
  void halftone.close().then(() => process.exit(0))
})
process.send?.(Number(new URL(halftone.url).port))
