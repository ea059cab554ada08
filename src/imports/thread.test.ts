import { expect, it } from 'vitest'
import type { ReadImport } from '../contract/imports.ts'
import { createFileReader } from './thread.ts'

const row = (index: number): string => `2026-10-01T10:00:00Z,acme/painter,0.04,acme,1,row-${index}`
const table = (rows: number) => ({
  format: 'csv' as const,
  files: [
    {
      name: 'bill.csv',
      text: `at,model,amount_usd,provider,images,id\n${Array.from({ length: rows }, (_, at) => row(at)).join('\n')}`,
    },
  ],
  options: { columns: new Map<string, string>() },
})
const never = new AbortController().signal
const answerOf = (bytes: Uint8Array): ReadImport => JSON.parse(new TextDecoder().decode(bytes)) as ReadImport

it('the event loop turns all the while that two megabytes are read', async () => {
  let turns = 0
  let isReading = true
  const turn = (): void => {
    turns += 1
    if (isReading) setImmediate(turn)
  }
  setImmediate(turn)
  const answer = answerOf(await createFileReader().read(table(35_000), never))
  isReading = false
  expect([answer.rows.length, answer.problem_count]).toEqual([35_000, 0])
  expect(turns).toBeGreaterThan(100)
}, 60_000)

it('orders are read one after the other, each with its own answer; one that is given up does not hold up the next', async () => {
  const reader = createFileReader()
  const gone = new AbortController()
  const given = reader.read(table(20_000), gone.signal)
  const next = reader.read({ ...table(1), options: { columns: new Map([['amount_usd', 'no such column']]) } }, never)
  gone.abort(new Error('the client left'))
  await expect(given).rejects.toThrow('the client left')
  const { rows, problems } = answerOf(await next)
  expect([rows, problems.map(({ at }) => at)]).toEqual([[], ['line 1']])
}, 60_000)
