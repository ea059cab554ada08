/** `halftone routes` against a real gateway, from the first version to the last, and `simulate` with a route made by API. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeFolder, removeFolder, runAgainst, type Served, serve } from './gateway.ts'
import { type CliResult, runCli } from './run-cli.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 90_000 })

let cwd: string
let gateway: Served
beforeAll(async () => {
  cwd = await makeFolder()
  gateway = await serve(cwd)
  await writeFile(join(cwd, 'first.yaml'), 'objective: cost\nmodels: [sandbox/flat]\n')
  await writeFile(join(cwd, 'second.yaml'), 'objective: cost\nmodels: [sandbox/visual]\n')
  await writeFile(join(cwd, 'wrong.yaml'), 'objective: cheapness\n')
  const row = { at: '2026-11-02T10:00:00Z', model: 'sandbox/flat', n: 2, outcome: 'succeeded', cost_usd: '0.5' }
  await writeFile(join(cwd, 'trace.jsonl'), `${JSON.stringify(row)}\n`)
})
afterAll(async () => {
  await gateway.stop()
  await removeFolder(cwd)
})

const run = (...args: readonly string[]): Promise<CliResult> => runAgainst(cwd, gateway, args)
const told = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

test('a document is checked, saved, shown, replaced, rolled back, tried and retired', async () => {
  expect(await told('routes', 'list')).toMatch(/auto\s+built in\s+-\s+cost/)
  const wrong = await run('routes', 'set', 'thumbs', '-f', 'wrong.yaml')
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('The document of "thumbs" is not valid: objective')])
  expect(await told('routes', 'set', 'thumbs', '-f', 'first.yaml', '--dry-run')).toContain('It could be saved; nothing was.')
  expect((await run('routes', 'show', 'thumbs')).code).not.toBe(0)

  expect(await told('routes', 'set', 'thumbs', '-f', 'first.yaml')).toContain('Route thumbs is at version 1.')
  expect(await told('routes', 'set', 'thumbs', '-f', 'second.yaml')).toContain('Route thumbs is at version 2.')
  const stale = await run('routes', 'set', 'thumbs', '-f', 'first.yaml', '--replaces', '1')
  expect(stale.code).not.toBe(0)
  const shown = await told('routes', 'show', 'thumbs')
  expect(shown).toContain('sandbox/visual')
  expect(shown).toMatch(/\n +2 .*set\n +1 .*set/)
  expect(await told('routes', 'list')).toMatch(/thumbs\s+API\s+2\s+cost/)

  await told('generate', 'a red fox', '-m', 'thumbs', '--size', '256x256', '-o', 'fox.png')
  const trial = await told('routes', 'dry-run', 'thumbs', '-f', 'first.yaml')
  for (const text of ['1 request since', 'sandbox:sandbox/visual', 'sandbox:sandbox/flat', '1 other choice'])
    expect(trial).toContain(text)

  expect(await told('routes', 'rollback', 'thumbs', '--dry-run')).toContain(
    'Version 1 of route thumbs would be put in force as version 3.',
  )
  expect(await told('routes', 'rollback', 'thumbs')).toContain('Route thumbs is at version 3, which is version 1 again.')
  expect(JSON.parse(await told('routes', 'show', 'thumbs', '--json'))).toMatchObject({
    version: 3,
    managed_by: 'api',
    document: { models: ['sandbox/flat'] },
  })
  expect(await told('routes', 'delete', 'thumbs', '--dry-run')).toContain('Route thumbs, version 3, would be retired.')
  expect(await told('routes', 'delete', 'thumbs', '--yes')).toContain('Route thumbs is retired')
  expect((await run('routes', 'show', 'thumbs')).code).not.toBe(0)
})

test('simulate takes a route made by API from the running gateway, and from the data folder when none runs', async () => {
  await told('routes', 'set', 'stored', '-f', 'second.yaml')
  const simulate = ['simulate', '--trace', 'trace.jsonl', '--route', 'stored']
  const running = await told(...simulate)
  expect(running).toContain('sandbox:sandbox/visual')
  await gateway.stop()
  const stopped = await runCli(simulate, { cwd })
  expect({ code: stopped.code, stderr: stopped.stderr }).toEqual({ code: 0, stderr: '' })
  expect(stopped.stdout).toBe(running)
  const unknown = await runCli([...simulate.slice(0, -1), 'nobody'], { cwd })
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('"nobody"')])
  gateway = await serve(cwd)
})
