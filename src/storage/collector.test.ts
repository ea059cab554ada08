import { expect, test } from 'vitest'
import { createCollector } from './collector.ts'
import type { Command, CommandResult } from './commands.ts'

const command = (nodeId: string): Command => ({ kind: 'closeNode', nodeId, epoch: 1 })

/** A writer that finishes one batch each time it is told to. */
function slowWriter() {
  const batches: Command[][] = []
  const finishes: ((results?: readonly CommandResult[]) => void)[] = []
  const write = (commands: readonly Command[]) => {
    batches.push([...commands])
    return new Promise<readonly CommandResult[]>((resolve) => {
      finishes.push((results) => resolve(results ?? commands.map((_, index) => ({ ok: true, value: index }))))
    })
  }
  return { batches, write, finish: (results?: readonly CommandResult[]) => finishes.shift()?.(results) }
}
const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what arrives while a batch is written forms the next batch, in arrival order', async () => {
  const writer = slowWriter()
  const collector = createCollector(writer.write)
  const first = [collector.submit(command('a')), collector.submit(command('b'))]
  await turn()
  const later = ['c', 'd', 'e'].map((id) => collector.submit(command(id)))
  await turn()
  expect(writer.batches).toEqual([[command('a'), command('b')]])
  expect(collector.stats()).toEqual({ queuedCommands: 3, commits: 0, commands: 0 })
  writer.finish()
  expect(await Promise.all(first)).toEqual([0, 1])
  await turn()
  expect(writer.batches[1]).toEqual([command('c'), command('d'), command('e')])
  writer.finish()
  await Promise.all(later)
  expect(collector.stats()).toEqual({ queuedCommands: 0, commits: 2, commands: 5 })
})

test('a batch is bounded', async () => {
  const writer = slowWriter()
  const collector = createCollector(writer.write)
  const all = Array.from({ length: 1000 }, (_, index) => collector.submit(command(String(index))))
  await turn()
  writer.finish()
  await turn()
  writer.finish()
  await Promise.all(all)
  expect(writer.batches.map((batch) => batch.length)).toEqual([512, 488])
})

test('a refused command rejects with its own code, a failed writer rejects the batch and the next one still runs', async () => {
  const writer = slowWriter()
  const collector = createCollector(writer.write)
  const refused = collector.submit(command('a'))
  await turn()
  writer.finish([{ ok: false, code: 'not_found', message: 'no' }])
  await expect(refused).rejects.toMatchObject({ code: 'not_found', message: 'no' })
  const broken = createCollector(() => Promise.reject(new Error('disk on fire')))
  await expect(broken.submit(command('a'))).rejects.toMatchObject({ code: 'storage_failed' })
  await expect(broken.submit(command('b'))).rejects.toThrow(/disk on fire/)
})

test('draining waits for what was accepted and refuses what comes after', async () => {
  const writer = slowWriter()
  const collector = createCollector(writer.write)
  const accepted = collector.submit(command('a'))
  const drained = collector.drain()
  await expect(collector.submit(command('b'))).rejects.toMatchObject({ code: 'draining' })
  await turn()
  writer.finish()
  await drained
  expect(await accepted).toBe(0)
})
