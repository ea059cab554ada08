import type { Reporter, TestModule, Vitest } from 'vitest/node'

/** What the summary needs to know of one finished test. */
export interface FinishedTest {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
  /** The reason given to `skip('reason')`. */
  readonly note?: string | undefined
}

export interface Summary {
  /** `N passed, N failed, N skipped`. */
  readonly line: string
  /** Names of the tests that were skipped, or left to do, without saying why. */
  readonly unexplained: readonly string[]
}

/** Counts finished tests; a test that never finished counts as failed. */
export function summarize(tests: readonly FinishedTest[], brokenModules = 0): Summary {
  const skipped = tests.filter((test) => test.state === 'skipped')
  const passed = tests.filter((test) => test.state === 'passed').length
  const failed = tests.length - passed - skipped.length + brokenModules
  return {
    line: `${passed} passed, ${failed} failed, ${skipped.length} skipped`,
    unexplained: skipped.filter((test) => (test.note ?? '').trim() === '').map((test) => test.name),
  }
}

/** Closes a run with one plain line, and fails it when a test was skipped without a reason (except under a name filter). */
export class SummaryReporter implements Reporter {
  #filtered = false

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) =>
      Array.from(module.children.allTests(), (test): FinishedTest => {
        const result = test.result()
        const name = `${module.moduleId} > ${test.fullName}`
        return { name, state: result.state, note: result.state === 'skipped' ? result.note : undefined }
      }),
    )
    const broken = modules.filter((module) => module.errors().length > 0).length
    const { line, unexplained } = summarize(tests, broken)
    if (!this.#filtered && unexplained.length > 0) {
      console.error(`\nSkipped without a reason (say why: context.skip('reason')):\n  ${unexplained.join('\n  ')}`)
      process.exitCode = 1
    }
    console.log(`\n${line}`)
  }
}
