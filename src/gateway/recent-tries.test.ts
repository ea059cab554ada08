import { expect, test } from 'vitest'
import type { TriesQuery } from '../ports/ledger.ts'
import { createRecentTries } from './recent-tries.ts'

test('one question a minute and key; the last 30 days; a failure is asked again', async () => {
  let nowUs = 5_000_000_000_000
  let broken = false
  const asked: TriesQuery[] = []
  const recent = createRecentTries(
    {
      tries: async (query) => {
        asked.push(query)
        if (broken) throw new Error('no database')
        return []
      },
    },
    { nowUs: () => nowUs },
  )
  const real = { sandbox: false }
  await Promise.all([recent(real), recent(real), recent({ sandbox: false, keyId: 'a' }), recent({ sandbox: true })])
  const sinceUs = nowUs - 30 * 86_400_000_000
  expect(asked).toEqual([
    { sinceUs, sandbox: false },
    { sinceUs, sandbox: false, keyId: 'a' },
    { sinceUs, sandbox: true },
  ])
  nowUs += 60_000_000
  broken = true
  await expect(recent(real)).rejects.toThrow('no database')
  broken = false
  expect(await recent(real)).toEqual([])
  expect(asked).toHaveLength(5)
})
