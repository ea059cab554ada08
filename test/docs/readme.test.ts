/** The README, command by command: in a checkout of its own, on another port, with `npm ci` already done. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readImageHeader } from '../../src/net/image-header.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type Checkout, createCheckout, type Running } from './checkout.ts'
import { commandsOf, type Fence, parsePage, root } from './pages.ts'

const MINUTES = 60_000
const readme = await readFile(join(root, 'README.md'), 'utf8')

/** The fenced blocks of the section with this heading. */
function blocksOf(heading: string, info: string): readonly Fence[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  return parsePage('README.md', section).fences.filter((fence) => fence.info === info)
}

const only = (heading: string, info = 'sh'): string => {
  const blocks = blocksOf(heading, info)
  if (blocks.length !== 1) throw new Error(`${heading} has ${blocks.length} ${info} blocks`)
  return blocks[0]?.text ?? ''
}

const isPng = (bytes: Uint8Array, width: number, height: number): void =>
  expect(readImageHeader(Buffer.from(bytes))).toMatchObject({ mediaType: 'image/png', width, height })

let checkout: Checkout
beforeAll(async () => {
  checkout = await createCheckout()
}, 2 * MINUTES)
afterAll(() => checkout?.close())

describe('the two-minute start', { timeout: 3 * MINUTES }, () => {
  const [start, commandLine, application, key, ...others] = blocksOf('Two-minute start', 'sh').map(({ text }) => text)
  let server: Running

  beforeAll(async () => {
    expect(start?.trim()).toBe('npm ci && npm start')
    server = await checkout.start(start ?? '', "-d '{")
  }, 3 * MINUTES)
  afterAll(() => server?.stop())

  test('has no command that is not run here', () => {
    expect([commandLine, application, key].every(Boolean)).toBe(true)
    expect(others).toEqual([])
  })

  test('the first start says that nothing is spent; its curl, pasted, gives a link to a picture, and the cost', async () => {
    expect(server.stdout()).toMatch(/Sandbox: pictures are drawn locally and cost nothing/)
    const curl = server.stdout().slice(server.stdout().indexOf('  curl '))
    const pasted = await checkout.run(curl)
    expect(pasted, curl).toMatchObject({ code: 0, stderr: '' })
    const { data, usage, halftone } = JSON.parse(pasted.stdout)
    expect({ usage, halftone }).toMatchObject({ usage: { cost: expect.any(Number) }, halftone: { cost_status: 'final' } })
    const picture = await fetch(data[0].url)
    isPng(new Uint8Array(await picture.arrayBuffer()), 1024, 1024)
  })

  test('the dashboard answers at its address', async () => {
    const [, address = ''] = /<(http:\/\/127\.0\.0\.1:7788\/)> shows the dashboard/.exec(readme) ?? []
    const page = await fetch(checkout.here(address), { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(await page.text()).toMatch(/<title>.*Halftone/)
  })

  test('quote, generate and receipt', async () => {
    expect(commandsOf(commandLine ?? '')).toHaveLength(3)
    const { code, stdout, stderr } = await checkout.run(commandLine ?? '')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    isPng(await readFile(join(checkout.folder, 'lighthouse.png')), 1536, 1024)
    expect(stdout.match(/\$\d/g)?.length).toBeGreaterThan(3)
    await rm(join(checkout.folder, 'lighthouse.png'))
  })

  test('the snippet is the example, and runs', async () => {
    const snippet = only('Two-minute start', 'ts')
    expect(await readFile(join(root, 'examples/openai-sdk.ts'), 'utf8')).toContain(snippet)
    const { code, stdout, stderr } = await checkout.run(application ?? '')
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('Error') })
    expect(stdout).toMatch(/^lighthouse\.png cost \$0\.\d+$/m)
    isPng(await readFile(join(checkout.folder, 'lighthouse.png')), 1024, 1024)
  })

  test.each(['quote-then-generate.ts', 'stream.ts'])('examples/%s runs as its first lines say', async (name) => {
    const text = await readFile(join(root, 'examples', name), 'utf8')
    const [, command = ''] = /^\/\/ Run it beside a gateway: (.+)$/m.exec(text) ?? []
    expect(command).toContain(name)
    const { code, stdout, stderr } = await checkout.run(command)
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('Error') })
    expect(stdout).toMatch(
      name === 'stream.ts' ? /partial picture 1[\s\S]*final picture: .*\$0\.\d+ at sandbox:/ : /request \S+ cost \$0\.\d+ at/,
    )
  })

  test('a key with a cap is created', async () => {
    const { code, stdout } = await checkout.run(key ?? '')
    expect(code).toBe(0)
    expect(stdout).toMatch(/ht-[\w-]{20,}/)
  })

  test('a wrong key is one message with its remedy and the documented exit code', async () => {
    await expectUnhappy('A command has a wrong API key', () =>
      checkout.run('npx --no-install halftone requests', { HALFTONE_KEY: 'ht-of-somebody-else' }),
    )
  })

  test('Ctrl-C stops it: it says so, and nothing listens any more', async () => {
    expect(await server.stop()).toContain('Stopping: running requests are finished first.')
    await expect(fetch(`${checkout.origin}/healthz`)).rejects.toThrow('fetch failed')
  })
})

/** A run that fails in the words and with the code that the README shows. */
async function expectUnhappy(what: string, run: () => Promise<{ code: number | null; stdout: string; stderr: string }>) {
  const [, exit = '', shown = ''] =
    new RegExp(`^${what}.*\\(exit code (\\d+)\\):\n\n\`\`\`text\n([\\s\\S]*?)\`\`\``, 'm').exec(readme) ?? []
  const { code, stdout, stderr } = await run()
  // npm's own complaint about a configuration is no part of it.
  const own = stderr.replace(/^npm warn .*\n/gm, '')
  expect({ code, stdout, stderr: own }).toEqual({ code: Number(exit), stdout: '', stderr: checkout.here(shown) })
}

describe('other starts', { timeout: 3 * MINUTES }, () => {
  test('with a provider key and a cap it says that calls spend money, and how much', async () => {
    const server = await checkout.start(only('Real pictures, with a cap'), 'per day')
    await server.stop()
    expect(server.stdout()).toMatch(/The first call spends money: openai\.\s+Spend cap: \$25\.00 per day\./)
  })

  test('with DATABASE_URL the ledger is PostgreSQL and a picture is made', async () => {
    const database = await createTestDatabase()
    const block = only('PostgreSQL')
    expect(block).toMatch(/^export DATABASE_URL=postgres:\S+$/m)
    const server = await checkout.start(block.replace(/postgres:\S+/, `'${database.url}'`), 'listens on')
    try {
      const key = (await readFile(join(checkout.folder, '.halftone/admin-key'), 'utf8')).trim()
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      const status = await fetch(`${checkout.origin}/v1/halftone/status`, { headers })
      expect(await status.json()).toMatchObject({ storage: { ledger: 'postgresql' } })
      const body = JSON.stringify({ prompt: 'a red fox in the snow' })
      const answer = await fetch(`${checkout.origin}/v1/images/generations`, { method: 'POST', headers, body })
      const { data } = (await answer.json()) as { data: { b64_json: string }[] }
      isPng(Buffer.from(data[0]?.b64_json ?? '', 'base64'), 1024, 1024)
    } finally {
      await server.stop()
      await database.drop()
    }
  })

  test('a taken port', async () => {
    const taken = createServer().listen(checkout.port, '127.0.0.1')
    try {
      await expectUnhappy('The port is taken', () => checkout.run('npx --no-install halftone serve'))
    } finally {
      await new Promise((done) => taken.close(done))
    }
  })

  test('a misspelt key of the configuration', async () => {
    const file = join(checkout.folder, 'halftone.yaml')
    await writeFile(file, 'sever:\n  port: 7788\n')
    try {
      await expectUnhappy('A key of `halftone.yaml` is misspelt', () => checkout.run('npx --no-install halftone serve'))
    } finally {
      await rm(file)
    }
  })
})

test('the docker commands use the port and the volume of the Dockerfile', async () => {
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8')
  const [, port = ''] = /^EXPOSE (\d+)$/m.exec(dockerfile) ?? []
  const [, volume = ''] = /^VOLUME (\S+)$/m.exec(dockerfile) ?? []
  const [build = '', run = ''] = commandsOf(only('Docker'))
  expect(build).toMatch(/^docker build -t halftone \.$/)
  expect(run).toContain(`:${port} `)
  expect(run).toContain(`:${volume} `)
})
