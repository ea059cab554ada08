import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary-reporter.ts'

/** Tests in a browser that was slowed down take as much longer: see test/support/dashboard.ts. */
const throttle = Number(process.env['HALFTONE_TEST_CPU_THROTTLE'] ?? 1)

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
    testTimeout: 20_000 * throttle,
    hookTimeout: 60_000,
    // What a page or a server does in its own time may take as long as it needs on a loaded machine.
    expect: { poll: { timeout: 10_000 * throttle } },
    // Two cores: real servers and databases run beside the tests.
    maxWorkers: 2,
  },
})
