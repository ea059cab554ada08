// Run before the tests (`pretest`): what has to be fetched from outside is fetched once, where no test's time limit applies.
import { ensureChromium } from './chromium.ts'
import { ensureRgw } from './rgw.ts'

try {
  console.log(`Browser for the tests: ${await ensureChromium()}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

try {
  await ensureRgw()
} catch (error) {
  // The tests that need it fail and say so; the others can run.
  console.error(error instanceof Error ? error.message : error)
}
