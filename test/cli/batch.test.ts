import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeFolder, removeFolder, runAgainst, type Served, serve } from './gateway.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000 })

let cwd: string
let gateway: Served
beforeAll(async () => {
  cwd = await makeFolder()
  gateway = await serve(cwd)
})
afterAll(async () => {
  await gateway.stop()
  await removeFolder(cwd)
})

const run = (...args: string[]) => runAgainst(cwd, gateway, ['batch', ...args])
const line = (id: string, body: object) => JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/images/generations', body })
const write = (name: string, ...lines: string[]) => writeFile(join(cwd, name), lines.join('\n'))
const linesOf = async (name: string) =>
  (await readFile(join(cwd, name), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each) as { custom_id: string })

test('a file is handed in, waited for and its answers saved; it is listed and shown', async () => {
  await write('good.jsonl', line('a', { prompt: 'a fox', size: '256x256' }), line('b', { prompt: 'a boat', size: '256x256' }))
  const { code, stdout, stderr } = await run('run', 'good.jsonl')
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('2: 2 done, 0 failed')
  for (const each of stdout.split('\n').filter((text) => !text.startsWith('Answers'))) expect(each.length).toBeLessThanOrEqual(80)
  expect((await linesOf('good.answers.jsonl')).map(({ custom_id }) => custom_id)).toEqual(['a', 'b'])
  const [, id = ''] = /(batch_[\w-]+)/.exec(stdout) ?? []
  expect((await run('list')).stdout).toContain('completed')
  expect((await run('show', id)).stdout).toContain(id)
  expect((await run('save', id, '-o', 'again.jsonl')).code).toBe(0)
  expect(await linesOf('again.jsonl')).toHaveLength(2)
  expect((await run('cancel', id)).stdout).toContain('completed')
})

test('lines that fail end it with 1, and are saved with what is wrong', async () => {
  await write('some.jsonl', line('a', { prompt: 'a fox', size: '256x256' }), line('b', { prompt: 'a fox', size: 'huge' }))
  const { code, stderr } = await run('run', 'some.jsonl', '-o', 'out.jsonl')
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('1 line of 2 failed.') })
  expect([await linesOf('out.jsonl'), await linesOf('out.errors.jsonl')]).toMatchObject([
    [{ custom_id: 'a' }],
    [{ custom_id: 'b' }],
  ])
})

test('a file that cannot be read as a batch names its lines; one that is not there is said to be', async () => {
  await write('bad.jsonl', line('a', {}), 'nonsense')
  const bad = await run('run', 'bad.jsonl')
  expect([bad.code, bad.stdout]).toEqual([2, expect.stringContaining('line 2: ')])
  expect((await run('run', 'nothing.jsonl')).code).toBe(2)
  const left = await run('run', 'bad.jsonl', '--no-wait')
  expect([left.code, left.stdout]).toEqual([0, expect.stringContaining('validating')])
})
