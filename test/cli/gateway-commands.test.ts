import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeFolder, removeFolder, runAgainst, type Served, serve } from './gateway.ts'
import { type CliOptions, runCli, startCli } from './run-cli.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000 })

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47])
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

const run = (args: readonly string[], options: CliOptions = {}) => runAgainst(cwd, gateway, args, options)
const json = async (args: readonly string[], options: CliOptions = {}) => {
  const { code, stdout, stderr } = await run([...args, '--json'], options)
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

/** Asked without starting a process, which could take longer than the request runs. */
async function untilRunning(): Promise<void> {
  const key = (await readFile(join(cwd, '.halftone/admin-key'), 'utf8')).trim()
  for (;;) {
    const answer = await fetch(`${gateway.url}/v1/halftone/requests?limit=1`, { headers: { authorization: `Bearer ${key}` } })
    const { data } = (await answer.json()) as { data: { outcome: string | null }[] }
    if (data[0]?.outcome === null) return
    await sleep(20)
  }
}

describe('serve', () => {
  test('the first start says what it spends and prints a call that makes a picture', async () => {
    expect(gateway.banner).toContain('cost nothing')
    for (const line of gateway.banner.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    const curl = gateway.banner.slice(gateway.banner.indexOf('curl')).replaceAll('\\\n', ' ')
    const [, url = ''] = /curl -sS (\S+)/.exec(curl) ?? []
    const headers = [...curl.matchAll(/-H '([^:]+): ([^']+)'/g)].map(
      ([, name, value]) => [name ?? '', value ?? ''] as [string, string],
    )
    const [, body = ''] = /-d '([^']+)'/.exec(curl) ?? []
    const answer = (await (await fetch(url, { method: 'POST', headers, body })).json()) as { data: { url: string }[] }
    const image = Buffer.from(await (await fetch(answer.data[0]?.url ?? '')).arrayBuffer())
    expect(image.subarray(0, 4)).toEqual(PNG)
  })

  test('the key is in a file that only its owner may read', async () => {
    const file = join(cwd, '.halftone/admin-key')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(gateway.banner).toContain((await readFile(file, 'utf8')).trim())
  })

  test('a data folder in use is 9', async () => {
    const { code, stderr } = await run(['serve'])
    expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining('Another halftone process uses') })
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('a taken port is 9 and names another', async () => {
    const { code, stderr } = await run(['serve', '--data-dir', 'elsewhere', '--port', new URL(gateway.url).port])
    expect({ code, stderr }).toMatchObject({
      code: 9,
      stderr: expect.stringMatching(/Port \d+ on 127\.0\.0\.1 is taken.*\n.*--port/),
    })
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('a bad configuration is 3 and shows every problem with its line', async () => {
    await writeFile(join(cwd, 'bad.yaml'), 'server:\n  prot: 80\nproviders:\n  x: {type: nonsense}\n')
    const { code, stderr } = await run(['serve', '--config', 'bad.yaml'])
    expect(code).toBe(3)
    expect(stderr).toContain('2 problems')
    expect(stderr).toContain('bad.yaml:2:')
    expect(stderr).toContain('bad.yaml:4:')
  })

  test('a bad admin key is 3 and not shown', async () => {
    const { code, stderr } = await run(['serve'], { env: { HALFTONE_ADMIN_KEY: 'tooshort' } })
    expect(code).toBe(3)
    expect(stderr).toContain('HALFTONE_ADMIN_KEY')
    expect(stderr).not.toContain('tooshort')
  })
})

describe('a picture from the prompt to the receipt', () => {
  test('quote, generate, requests, receipt and explain agree on offer and cost', async () => {
    const quote = await json(['quote', 'a fox', '-m', 'sandbox/flat', '-q', 'high'])
    const made = await json(['generate', 'a fox', '-m', 'sandbox/flat', '-q', 'high', '-o', 'fox.png'])
    expect((await readFile(made.files[0].path)).subarray(0, 4)).toEqual(PNG)
    expect(made.halftone.cost_usd).toBe(quote.candidates[0].expected_usd)
    const id = made.halftone.request_id
    const listed = (await json(['requests'])).data.find((it: { id: string }) => it.id === id)
    expect(listed).toMatchObject({ outcome: 'succeeded', cost_usd: made.halftone.cost_usd, offer: made.halftone.offer })
    expect(await json(['receipt', id.slice(-8)])).toMatchObject({ request_id: id, total_usd: made.halftone.cost_usd })
    expect(await json(['explain', id])).toMatchObject({ request_id: id })
  })

  test('a size and a format of the file name are what is saved', async () => {
    const { files } = await json(['generate', 'a fox', '-m', 'sandbox/mega', '-s', '768x512', '-n', '2', '-o', 'pair.webp'])
    const { default: sharp } = await import('sharp')
    expect(files).toHaveLength(2)
    for (const { path } of files) expect(await sharp(path).metadata()).toMatchObject({ format: 'webp', width: 768, height: 512 })
  })

  test('an edit sends its picture', async () => {
    await json(['generate', 'a fox', '-m', 'sandbox/flat', '-o', 'before.png'])
    const made = await json(['generate', 'at night', '--edit', 'before.png', '-m', 'sandbox/flat', '-o', 'after.png'])
    expect((await json(['requests', '--limit', '1'])).data[0]).toMatchObject({ id: made.halftone.request_id, operation: 'edit' })
    expect((await run(['generate', 'x', '--edit', 'before.png', '--dry-run'])).stdout).toContain('Nothing was sent')
  })

  test('--stream saves the final picture', async () => {
    const { data } = await json(['models'])
    const streaming = data.find(
      (it: { halftone?: { streaming: boolean; kind: string } }) => it.halftone?.streaming && it.halftone.kind === 'model',
    )
    const made = await json(['generate', 'a fox', '-m', streaming.id, '--stream', '-o', 'streamed.png'])
    expect((await readFile(made.files[0].path)).subarray(0, 4)).toEqual(PNG)
  })

  const failures: readonly { rule: string; args: readonly string[]; code: number; says: string }[] = [
    { rule: 'an unknown model names near ones', args: ['x', '-m', 'sandbox/flta'], code: 2, says: 'sandbox/flat' },
    { rule: 'a bad size names the parameter', args: ['x', '-s', 'huge'], code: 2, says: 'size' },
    { rule: 'a cost above --max-cost', args: ['x', '-m', 'sandbox/flat', '--max-cost', '0.001'], code: 6, says: '--max-cost' },
    { rule: 'refused content', args: ['[sandbox:refuse] x', '-m', 'sandbox/flat'], code: 8, says: 'refused' },
    { rule: 'a provider that fails', args: ['[sandbox:500] x', '-m', 'sandbox/flat'], code: 7, says: 'request' },
    {
      rule: 'a file that is no picture',
      args: ['x', '--edit', 'halftone.yaml', '-m', 'sandbox/flat'],
      code: 2,
      says: 'halftone.yaml',
    },
  ]
  for (const { rule, args, code, says } of failures) {
    test(`${rule} is ${code}`, async () => {
      const result = await run(['generate', ...args])
      expect(result.code, result.stderr).toBe(code)
      expect(result.stderr).toContain(says)
    })
  }

  test('Ctrl-C while it waits is 130', async () => {
    const child = startCli(['generate', '[sandbox:slow=4000] x', '-m', 'sandbox/mega'], {
      cwd,
      env: { HALFTONE_URL: gateway.url },
    })
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
    await Promise.race([untilRunning(), ended])
    child.kill('SIGINT')
    expect(await ended).toBe(130)
  })
})

describe('keys', () => {
  test('a created key works within its cap until it is revoked', async () => {
    const { secret, id } = await json(['keys', 'create', 'shop', '--max-usd-per-day', '0.05'])
    expect((await run(['generate', 'x', '-m', 'sandbox/flat', '-q', 'low', '--key', secret])).code).toBe(0)
    expect((await run(['generate', 'x', '-m', 'sandbox/flat', '-q', 'high', '--key', secret])).code).toBe(6)
    expect((await run(['keys', 'list', '--key', secret])).code).toBe(5)
    expect((await run(['keys', 'revoke', 'shop', '--yes'])).code).toBe(0)
    expect((await run(['models', '--key', secret])).code).toBe(5)
    const all = await json(['keys', 'list', '--all'])
    expect(all.data.find((it: { id: string }) => it.id === id).revoked_at).not.toBeNull()
  })

  test('reset-admin through the running gateway replaces file and key', async () => {
    const file = join(cwd, '.halftone/admin-key')
    const old = (await readFile(file, 'utf8')).trim()
    // It finds the gateway by the configuration, which a free port cannot be in.
    const { secret } = await resetAdmin(['--config', await configWithPort()])
    expect((await readFile(file, 'utf8')).trim()).toBe(secret)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await run(['keys', 'list'])).code).toBe(0)
    expect((await run(['keys', 'list', '--key', old])).code).toBe(5)
  })

  test('a lost key needs the gateway stopped', async () => {
    const file = join(cwd, '.halftone/admin-key')
    const key = await readFile(file, 'utf8')
    await rm(file)
    const { code, stderr } = await run(['keys', 'reset-admin', '--yes', '--config', await configWithPort()])
    await writeFile(file, key, { mode: 0o600 })
    expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining('Stop the gateway') })
  })
})

const resetAdmin = (args: readonly string[]) => json(['keys', 'reset-admin', '--yes', ...args])

async function configWithPort(): Promise<string> {
  await writeFile(join(cwd, 'port.yaml'), `server: {port: ${new URL(gateway.url).port}}\n`)
  return 'port.yaml'
}

describe('doctor beside a running gateway', () => {
  test('finds nothing wrong', async () => {
    const { code, stdout } = await run(['doctor'])
    expect(code, stdout).toBe(0)
    for (const text of ['is writable', 'schema version', gateway.url, 'Nothing is wrong']) expect(stdout).toContain(text)
  })

  test('an open admin key is wrong, says how to mend it, and is 1', async () => {
    const file = join(cwd, '.halftone/admin-key')
    await chmod(file, 0o644)
    const { code, stdout, stderr } = await run(['doctor'])
    await chmod(file, 0o600)
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toContain('chmod 600')
    expect(stdout).toContain('1 thing is wrong')
  })
})

describe('a server of the operator', () => {
  test('setup tests it without spending, writes it, and refuses a wrong key', async () => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      const known = request.headers.authorization === 'Bearer right-key-0123456789'
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify(known ? { data: [{ id: 'm' }] } : { error: { message: 'Incorrect API key provided' } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `own=http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const flags = [
      '--yes',
      '--provider',
      'own=openai-compatible',
      '--base-url',
      address,
      '--key-env',
      'own=OWN_KEY',
      '--models',
      'own=m',
      '--per-image',
      'own=0.02',
      '--max-usd-per-day',
      '5',
      '--config',
      'made.yaml',
    ]
    const wrong = await run(['setup', ...flags], { env: { OWN_KEY: 'wrong-key-0123456789' } })
    expect({ code: wrong.code, stderr: wrong.stderr }).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('Nothing was written'),
    })
    expect(wrong.stderr + wrong.stdout).not.toContain('wrong-key')

    const env = { OWN_KEY: 'right-key-0123456789' }
    const dry = await run(['setup', ...flags, '--dry-run'], { env })
    expect(dry.stdout).toContain('apiKey: ${OWN_KEY}')
    await expect(readFile(join(cwd, 'made.yaml'))).rejects.toThrow()

    const { code, stdout, stderr } = await run(['setup', ...flags], { env })
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('reachable')
    expect(await readFile(join(cwd, 'made.yaml'), 'utf8')).not.toContain('right-key')
    expect(new Set(asked)).toEqual(new Set(['GET /v1/models']))

    const doctor = await run(['doctor', '--config', 'made.yaml', '--data-dir', 'fresh', '--url', 'http://127.0.0.1:1'], { env })
    expect(doctor.code, doctor.stdout).toBe(0)
    expect(doctor.stdout).toContain('own: reachable')
    expect(doctor.stdout).toContain('hard cap of $5.00 per day')
    server.close()
  })
})

describe('the ledger in files', () => {
  test('backup while it runs, stop with 0, restore, start: requests are there again', async () => {
    const before = (await json(['requests'])).data.length
    const backup = await run(['backup', 'copy.db'])
    expect(backup.code, backup.stderr).toBe(0)
    expect((await run(['backup', 'copy.db'])).code).toBe(2)
    expect((await run(['backup', 'copy.db', '--force'])).code).toBe(0)
    expect((await run(['restore', 'copy.db', '--yes'])).code).toBe(9)
    await json(['generate', 'x', '-m', 'sandbox/flat'])

    expect(await gateway.stop()).toBe(0)
    expect(gateway.stderr()).toContain('Stopping')
    expect((await run(['requests'])).code).toBe(4)
    expect((await run(['restore', 'halftone.yaml', '--yes'])).code).toBe(2)
    const restored = await run(['restore', 'copy.db', '--yes'])
    expect(restored.code, restored.stderr).toBe(0)
    expect(restored.stdout).toContain('is kept as')
    expect((await run(['migrate'])).stdout).toContain('Nothing to do')

    const lost = (await readFile(join(cwd, '.halftone/admin-key'), 'utf8')).trim()
    await rm(join(cwd, '.halftone/admin-key'))
    await resetAdmin([])
    gateway = await serve(cwd)
    expect(gateway.banner).not.toContain('curl')
    expect((await json(['requests'])).data).toHaveLength(before)
    expect((await run(['requests', '--key', lost])).code).toBe(5)
  })

  test('a request that runs at SIGTERM is finished first', async () => {
    const slow = run(['generate', '[sandbox:slow=1500] x', '-m', 'sandbox/flat', '-o', 'late.png'])
    await untilRunning()
    expect(await gateway.stop()).toBe(0)
    expect((await slow).code).toBe(0)
    expect((await readFile(join(cwd, 'late.png'))).subarray(0, 4)).toEqual(PNG)
    gateway = await serve(cwd)
  })

  test('migrate makes a new ledger, --dry-run does not', async () => {
    const args = ['--data-dir', 'new-data']
    expect((await runCli(['migrate', '--dry-run', ...args], { cwd })).stdout).toContain('Would bring')
    await expect(stat(join(cwd, 'new-data/ledger.db'))).rejects.toThrow()
    expect((await runCli(['migrate', ...args], { cwd })).stdout).toContain('there was none')
    expect((await stat(join(cwd, 'new-data/ledger.db'))).size).toBeGreaterThan(0)
  })
})
