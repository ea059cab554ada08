import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import type { SqlValue } from '../schema.ts'
import { blocksOf, type PackedColumn, packColumns, valueAt } from './sqlite-columns.ts'

/** As another thread gets it. */
async function sent(columns: readonly PackedColumn[]): Promise<readonly PackedColumn[]> {
  const { port1, port2 } = new MessageChannel()
  const arrived = new Promise<readonly PackedColumn[]>((resolve) => port2.once('message', resolve))
  port1.postMessage(columns, blocksOf(columns))
  const answer = await arrived
  port1.close()
  return answer
}

const columnsOfValues: Readonly<Record<string, readonly SqlValue[]>> = {
  'integers of every size': [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)],
  'integers and none': [1n, null, 3n, null],
  'nothing at all': [null, null, null, null],
  'texts that repeat': ['a', 'b', 'a', ''],
  'texts and none': ['a', null, 'a', null],
  'numbers that are no integers': [0.5, 1n, null, 'x'],
}

test.each(Object.entries(columnsOfValues))('%s arrive as they were', async (_name, values) => {
  const [column] = await sent(
    packColumns(
      1,
      values.map((value) => [value]),
    ),
  )
  expect(values.map((_value, index) => column && valueAt(column, index))).toEqual(values)
})

test('texts that are all different arrive as they were, without a list of them beside', async () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => [`text ${index}`, BigInt(index), `every ${index % 7}`])
  const columns = await sent(packColumns(3, rows))
  expect(columns.map(({ kind }) => kind)).toEqual(['plain', 'ints', 'repeated'])
  expect(rows.map((_row, index) => columns.map((column) => valueAt(column, index)))).toEqual(rows)
})

test('an answer without rows has empty columns', () => {
  expect(packColumns(2, []).map((column) => valueAt(column, 0))).toEqual([null, null])
})
