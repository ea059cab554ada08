import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary-reporter.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'web/src/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What a page or a server does in its own time may take as long as it needs on a loaded machine.
    expect: { poll: { timeout: 10_000 } },
    // Two cores: real servers and databases run beside the tests.
    maxWorkers: 2,
  },
})
