import { spawn } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const planted = (expected: number): string => `
import { expect, test } from 'vitest'
import { createTestDatabase } from '${root}/test/support/test-database.ts'
test('planted', { timeout: 60_000 }, async () => {
  await (await createTestDatabase()).drop()
  expect(1).toBe(${expected})
})
`

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-failing-run-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const settings = { root: folder, include: ['*.test.ts'], globalSetup: [join(root, 'test/support/global-setup.ts')] }
  await writeFile(join(folder, 'vitest.config.ts'), `export default ${JSON.stringify({ test: settings })}\n`)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The exit code of a run of its own, with the set-up of this one, PostgreSQL included. */
async function exitCodeOf(test: string): Promise<number | null> {
  await writeFile(join(folder, 'planted.test.ts'), test)
  const cli = join(root, 'node_modules/vitest/vitest.mjs')
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')))
  const child = spawn(process.execPath, [cli, 'run', '--root', folder], { cwd: folder, env, stdio: 'ignore' })
  return new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
}

// A library that hooks into the end of the process once made every run end with 0.
test('a run with a failed test ends with 1, a green one with 0', { timeout: 120_000 }, async () => {
  expect(await exitCodeOf(planted(2))).toBe(1)
  expect(await exitCodeOf(planted(1))).toBe(0)
})
