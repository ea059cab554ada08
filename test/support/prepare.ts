// Run before the tests (`pretest`): what has to be fetched from outside is fetched once, where no test's time limit applies.
import { ensureChromium } from './chromium.ts'

try {
  console.log(`Browser for the tests: ${await ensureChromium()}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
