import { describe, expect, test } from 'vitest'
import { type FinishedTest, summarize } from './support/summary-reporter.ts'

describe('summary of a test run', () => {
  const cases: { rule: string; tests: FinishedTest[]; broken?: number; line: string; unexplained: string[] }[] = [
    { rule: 'an empty run has no passes', tests: [], line: '0 passed, 0 failed, 0 skipped', unexplained: [] },
    {
      rule: 'a skip with a reason is counted and accepted',
      tests: [
        { name: 'a', state: 'passed' },
        { name: 'b', state: 'skipped', note: 'needs a second machine' },
      ],
      line: '1 passed, 0 failed, 1 skipped',
      unexplained: [],
    },
    {
      rule: 'a skip without a reason, or with a blank one, is named',
      tests: [
        { name: 'a', state: 'skipped' },
        { name: 'b', state: 'skipped', note: ' ' },
      ],
      line: '0 passed, 0 failed, 2 skipped',
      unexplained: ['a', 'b'],
    },
    {
      rule: 'a test that never finished and a file that did not load count as failed',
      tests: [
        { name: 'a', state: 'pending' },
        { name: 'b', state: 'failed' },
      ],
      broken: 1,
      line: '0 passed, 3 failed, 0 skipped',
      unexplained: [],
    },
  ]
  for (const { rule, tests, broken, line, unexplained } of cases) {
    test(rule, () => expect(summarize(tests, broken)).toEqual({ line, unexplained }))
  }
})
