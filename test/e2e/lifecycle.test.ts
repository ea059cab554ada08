/** A gateway that is changed while it runs, and one that is stopped while it works. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ADMIN_KEY,
  checkLedger,
  compatibleProvider,
  doubleCapabilities,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function startDouble(): Promise<ProviderDouble> {
  const double = await startProviderDouble()
  open.push(() => double.close())
  return double
}

/** Until the condition holds, at most 15 s. */
async function eventually(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
    if (await condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it never came true')
}

const call = { model: 'acme/painter', prompt: 'a red fox' }

describe('reload of halftone.yaml', () => {
  async function start(double: ProviderDouble, more: object = {}): Promise<TestGateway> {
    const gateway = await startTestGateway({ config: { providers: { double: compatibleProvider(double) }, ...more } })
    open.push(() => gateway.close())
    return gateway
  }
  const models = async (gateway: TestGateway): Promise<readonly string[]> => {
    const { body } = await gateway.call<{ data: { id: string }[] }>('/v1/models')
    return body.data.map(({ id }) => id)
  }
  const ready = async (gateway: TestGateway): Promise<number> => (await gateway.call('/readyz', { key: null })).status

  it('new models, routes, aliases and prices are in force without a restart; a running request is not disturbed', async () => {
    const double = await startDouble()
    const gateway = await start(double)
    double.script({ delayMs: 600 })
    const running = gateway.call('/v1/images/generations', { body: call })
    await eventually(() => double.waiting === 1)
    const models2 = [
      { model: 'acme/painter', ...doubleCapabilities },
      { model: 'acme/sculptor', ...doubleCapabilities },
    ]
    await gateway.writeConfig({
      providers: { double: compatibleProvider(double, { models: models2, perImage: '0.05' }) },
      aliases: { fox: 'acme/sculptor' },
      routes: { thumbnails: { models: ['acme/sculptor'] } },
    })
    await eventually(async () => (await models(gateway)).includes('fox'))
    expect(await models(gateway)).toEqual(expect.arrayContaining(['acme/sculptor', 'thumbnails', 'fox']))
    const { status, headers } = await running
    expect([status, headers.get('x-halftone-cost-usd')]).toEqual([200, '0.04'])
    double.script({})
    const next = await gateway.call('/v1/images/generations', { body: { ...call, model: 'fox' } })
    expect([next.status, next.headers.get('x-halftone-cost-usd')]).toEqual([200, '0.05'])
    await gateway.settled()
  })

  it('a request that waits for its turn while the file changes is made by the provider it was admitted with', async () => {
    const double = await startDouble()
    const provider = compatibleProvider(double, { requestsPerMinute: 10 })
    const gateway = await start(double, { providers: { double: provider } })
    const ask = (index: number) => gateway.call('/v1/images/generations', { body: { ...call, prompt: `fox ${index}` } })
    for (const { status } of await Promise.all(Array.from({ length: 10 }, (_, index) => ask(index)))) expect(status).toBe(200)
    const late = ask(10)
    await gateway.writeConfig({ providers: { double: provider }, aliases: { fox: 'acme/painter' } })
    await eventually(async () => (await models(gateway)).includes('fox'))
    expect((await late).status).toBe(200)
    await gateway.settled()
  })

  it('a bad file changes nothing and shows in /readyz; mending it, also back to what it was, is seen', async () => {
    const double = await startDouble()
    const gateway = await start(double)
    const config = { providers: { double: compatibleProvider(double) } }
    await gateway.writeConfig('providers: {double: {tipe: openai}}')
    await eventually(async () => (await ready(gateway)) === 503)
    expect((await gateway.call('/v1/images/generations', { body: call })).status).toBe(200)
    await gateway.writeConfig(config)
    await eventually(async () => (await ready(gateway)) === 200)
    await checkLedger(gateway, { doubles: { double } })
  })

  it('keys and caps of the file come and go with it', async () => {
    const double = await startDouble()
    const gateway = await start(double, { maxUsdPerDay: '0.01' })
    expect((await gateway.call('/v1/images/generations', { body: call })).status).toBe(429)
    await gateway.writeConfig({ providers: { double: compatibleProvider(double) }, maxUsdPerDay: '5' })
    await eventually(async () => (await gateway.call('/v1/images/generations', { body: call })).status === 200)
  })

  it('a project that leaves the file belongs to the API, until the file has it again or the API changes it', async () => {
    const double = await startDouble()
    const none = { providers: { double: compatibleProvider(double) } }
    const withShop = { ...none, projects: { shop: { name: 'Shop', promptMode: 'none' } } }
    const gateway = await startTestGateway({ config: withShop })
    open.push(() => gateway.close())
    const shop = async () => {
      const { body } = await gateway.call<{ data: { id: string; prompt_mode: string; managed_by: string }[] }>(
        '/v1/halftone/projects',
      )
      return body.data.find(({ id }) => id === 'shop')
    }
    const put = (body: object) => gateway.call('/v1/halftone/projects/shop', { method: 'PUT', body })
    expect((await put({ name: 'Boutique' })).status).toBe(409)
    await gateway.writeConfig(none)
    await eventually(async () => (await shop())?.managed_by === 'api')
    expect((await shop())?.prompt_mode).toBe('none')
    await gateway.writeConfig(withShop)
    await eventually(async () => (await shop())?.managed_by === 'file')
    await gateway.writeConfig(none)
    await eventually(async () => (await shop())?.managed_by === 'api')
    expect((await put({ name: 'Boutique' })).status).toBe(200)
    await gateway.writeConfig(withShop)
    await eventually(async () => (await ready(gateway)) === 503)
    expect((await put({ name: 'Atelier' })).status).toBe(200)
  })

  it('a key of the file has the rights that the file gives it now, and another secret when the file says so', async () => {
    const double = await startDouble()
    const [first, second] = ['a-key-of-some-length-1', 'a-key-of-some-length-2'] as const
    const keyed = (secret: string, role: string) => ({
      providers: { double: compatibleProvider(double) },
      keys: { app: { hash: createHash('sha256').update(secret).digest('hex'), role } },
    })
    const gateway = await startTestGateway({ config: keyed(first, 'admin') })
    open.push(() => gateway.close())
    const status = async (key: string) => (await gateway.call('/v1/halftone/keys', { key })).status
    expect(await status(first)).toBe(200)
    await gateway.writeConfig(keyed(first, 'inference'))
    await eventually(async () => (await status(first)) === 403)
    await gateway.writeConfig(keyed(second, 'admin'))
    await eventually(async () => (await status(second)) === 200)
    expect(await status(first)).toBe(401)
    await gateway.writeConfig({ providers: { double: compatibleProvider(double) } })
    await eventually(async () => (await status(second)) === 401)
    await gateway.writeConfig(keyed(second, 'admin'))
    await eventually(async () => (await status(second)) === 200)
  })

  it('limits, public URL and pass-through of the file change too', async () => {
    const double = await startDouble()
    const gateway = await start(double)
    await gateway.writeConfig({
      providers: { double: compatibleProvider(double) },
      server: { publicUrl: 'https://images.example.com', maxBodyBytes: 100 },
    })
    await eventually(
      async () => (await gateway.call('/v1/images/generations', { body: { ...call, user: 'x, '.repeat(100) } })).status === 413,
    )
    const { body } = await gateway.call<{ data: { url: string }[] }>('/v1/images/generations', {
      body: { ...call, response_format: 'url' },
    })
    expect(body.data[0]?.url).toMatch(/^https:\/\/images\.example\.com\//)
  })
})

describe('SIGTERM', () => {
  /** The real command in a process of its own. */
  async function serve(config: object): Promise<{ child: ChildProcess; url: string; exit: Promise<number | null> }> {
    const folder = await mkdtemp(join(tmpdir(), 'halftone-serve-'))
    open.push(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'halftone.yaml'), JSON.stringify(config))
    const main = fileURLToPath(new URL('../cli/start-cli.ts', import.meta.url))
    const child = spawn(process.execPath, [main, 'serve', '--port', '0', '--json'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HALFTONE_ADMIN_KEY: ADMIN_KEY, HALFTONE_LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = once(child, 'exit').then(([code]) => code as number | null)
    open.push(async () => {
      if (child.exitCode === null) child.kill('SIGKILL')
      await exit
    })
    let text = ''
    for await (const line of createInterface(child.stdout)) {
      text += line
      const url = /"url": ?"([^"]+)"/.exec(text)?.[1]
      if (url) return { child, url, exit }
    }
    throw new Error('it never started')
  }
  const post = (url: string, body: object): Promise<Response> =>
    fetch(`${url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('running requests are answered in full, new ones are turned away, /readyz says so, and the process ends with 0', async () => {
    const double = await startDouble()
    // Large enough that the answer is still being sent when everything is settled.
    double.script({ delayMs: 800, imageBytes: 4 * 1024 * 1024 })
    const { child, url, exit } = await serve({ providers: { double: compatibleProvider(double) } })
    const running = Promise.all([post(url, call), post(url, { ...call, prompt: 'another', stream: true })])
    await eventually(() => double.waiting === 2)
    child.kill('SIGTERM')
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 503)
    const refused = await post(url, call)
    expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([503, 'true'])
    expect(await refused.json()).toMatchObject({ error: { code: 'draining' } })
    const [plain, stream] = await running
    const { data } = (await plain.json()) as { data: { b64_json: string }[] }
    expect(Buffer.from(data[0]?.b64_json ?? '', 'base64')).toHaveLength(4 * 1024 * 1024)
    expect(await stream.text()).toMatch(/^event: image_generation\.completed$/m)
    expect(await exit).toBe(0)
    expect(double.billed).toHaveLength(2)
  })

  it('a retry that waited for a call which failed is not begun any more', async () => {
    const double = await startDouble()
    const oops = { error: { message: 'Oops.', type: 'server_error', code: null, param: null } }
    double.enqueue({ delayMs: 4_000, status: 500, body: oops })
    const gateway = await startTestGateway({ config: { providers: { double: compatibleProvider(double, { retries: 0 }) } } })
    open.push(() => gateway.close())
    const first = gateway.call('/v1/images/generations', { body: { ...call, model: 'double:acme/painter' } })
    await eventually(() => double.waiting === 1)
    const retry = gateway.call('/v1/images/generations', {
      body: { ...call, model: 'double:acme/painter' },
      headers: { 'x-stainless-retry-count': '1' },
    })
    // Whether it comes before or after the node begins to stop: nothing may be begun for it.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const closed = gateway.halftone.close()
    expect((await first).status).toBe(502)
    const { status, body } = await retry
    expect([status, body]).toMatchObject([503, { error: { code: 'draining' } }])
    await closed
    expect(double.calls).toHaveLength(1)
  })

  it('with nothing to do it ends at once, also with an idle connection open', async () => {
    const double = await startDouble()
    const { child, url, exit } = await serve({ providers: { double: compatibleProvider(double) } })
    await (await fetch(`${url}/healthz`)).text()
    const since = Date.now()
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    expect(Date.now() - since).toBeLessThan(3_000)
  })
})
