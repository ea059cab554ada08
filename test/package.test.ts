import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'

const execute = promisify(execFile)
const root = resolve(import.meta.dirname, '..')
const MINUTES = 60_000

/** The environment of a user: the right Node first on PATH, and nothing that points back into this checkout's npm run. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|HALFTONE_|DATABASE_URL|.*_API_KEY$)/.test(name)),
  ),
  PATH: [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
}

const run = (command: string, args: string[], cwd: string) =>
  execute(command, args, { cwd, env: environment, maxBuffer: 2 ** 24 })

describe('the packed tarball', () => {
  let folder = ''
  let packed: string[] = []

  beforeAll(async () => {
    if (!existsSync(join(root, 'dist/cli/main.js'))) await run('npm', ['run', 'build'], root)
    folder = await mkdtemp(join(tmpdir(), 'halftone-package-'))
    // Scripts are off because `prepack` empties dist, which other tests of this run are using.
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root)
    const [tarball] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[]
    packed = tarball!.files.map((file) => file.path)
    await mkdir(join(folder, 'app'))
    await writeFile(join(folder, 'app/package.json'), '{ "private": true }')
    await run('npm', ['install', '--omit=dev', '--no-audit', '--no-fund', join(folder, tarball!.filename)], join(folder, 'app'))
  }, 5 * MINUTES)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('carries what runs and what the licences ask for, and no sources, tests or maps', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['bin/halftone.mjs', 'dist/cli/main.js', 'dist/index.d.ts', 'dist/web/index.html']),
    )
    expect(packed).toEqual(expect.arrayContaining(['LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'package.json']))
    expect(packed.filter((path) => /^(src|test|web|bench|\.)|\.test\.|\.tsbuildinfo$|\.map$|(?<!\.d)\.ts$/.test(path))).toEqual(
      [],
    )
  })

  test('answers --version with the version it is', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const { stdout } = await run('npx', ['--no-install', 'halftone', '--version'], join(folder, 'app'))
    expect(stdout.trim()).toContain(version)
  })

  test('is a library that prices, with the books that came with it', async () => {
    const program = `
      import * as shipped from 'halftone/prices'
      import openai from 'halftone/prices/openai.json' with { type: 'json' }
      import { formatUsd, loadPriceBook, quote, settle } from 'halftone/pricing'
      const order = { offer: 'openai:openai/gpt-image-2', size: '1024x1024', quality: 'high', at: '2026-11-22' }
      for (const files of [openai, shipped]) {
        const { totalNanoUsd } = settle(loadPriceBook(files), order, { usage: { 'tokens.image.out': 7024 } })
        console.log(formatUsd(totalNanoUsd), quote(loadPriceBook(files), order).kind)
      }
    `
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], join(folder, 'app'))
    expect(stdout).toBe('0.21072 priced\n0.21072 priced\n')
  })

  test('tells TypeScript what the library takes and answers', { timeout: MINUTES }, async () => {
    const wrong = `
      import * as shipped from 'halftone/prices'
      import { formatUsd, loadPriceBook, type Order, quote, settle } from 'halftone/pricing'
      const order: Order = { model: 'openai/gpt-image-2', size: '1024x1024', quality: 'high', at: new Date() }
      const answer = quote(loadPriceBook(shipped), order)
      if (answer.kind === 'priced') formatUsd(answer.expectedNanoUsd)
      settle(loadPriceBook(shipped), { ...order, n: 'two' })
      quote(loadPriceBook(shipped), { size: '1024x1024', at: '2026-11-22' })
    `
    await writeFile(join(folder, 'app/use.ts'), wrong)
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', '', 'use.ts']
    const failure = await run('tsc', options, join(folder, 'app')).catch((error: { stdout: string }) => error)
    expect([...failure.stdout.matchAll(/^use\.ts\((\d+),/gm)].map(([, line]) => Number(line))).toEqual([7, 8])
  })

  test('serves in an empty folder and stops on SIGTERM', { timeout: 2 * MINUTES }, async () => {
    const port = await freePort()
    const env = { ...environment, HALFTONE_PORT: String(port), HALFTONE_DATA_DIR: join(folder, 'data') }
    // A group of its own: the signal reaches the server behind npx, as Ctrl-C in a terminal does.
    const server = spawn('npx', ['--no-install', 'halftone', 'serve'], { cwd: join(folder, 'app'), env, detached: true })
    let output = ''
    server.stdout.on('data', (chunk) => (output += chunk))
    server.stderr.on('data', (chunk) => (output += chunk))
    const ended = new Promise<void>((done) => server.on('close', () => done()))
    const health = () =>
      fetch(`http://127.0.0.1:${port}/healthz`).then(
        (answer) => answer.status,
        () => undefined,
      )
    try {
      const deadline = Date.now() + MINUTES
      while ((await health()) !== 200) {
        if (Date.now() > deadline || server.exitCode !== null) throw new Error(`halftone serve did not come up:\n${output}`)
        await sleep(100)
      }
      process.kill(-server.pid!, 'SIGTERM')
      expect(await Promise.race([ended.then(() => 'ended'), sleep(30_000, 'still running')]), output).toBe('ended')
      expect(await health()).toBeUndefined()
    } finally {
      if (server.exitCode === null && server.signalCode === null) process.kill(-server.pid!, 'SIGKILL')
    }
  })
})

test('the launcher on an old Node says in one line how to go on', async () => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); import(${JSON.stringify(join(root, 'bin/halftone.mjs'))})`
  const failure = await execute(process.execPath, ['-e', old]).catch((error: { code: number; stderr: string }) => error)
  expect(failure).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^halftone needs Node 22\.18 or newer and this is 20\.20\.2: .+\n$/),
  })
})
