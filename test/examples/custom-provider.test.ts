/** The example's provider through a real gateway, over sockets, against a double that refuses what the API would refuse. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { checkDefinition } from '../../src/providers/operator-module.ts'
import { makeFolder, removeFolder, serve } from '../cli/gateway.ts'
import { describeCodecs } from '../contracts/codec.ts'
import { doublePicture } from '../support/double-picture.ts'
import { type AcmeDouble, startAcmeDouble } from '../support/doubles/acme-pictures.ts'
import { ADMIN_KEY, startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'

const folder = resolve(import.meta.dirname, '../../examples/custom-provider')
const module = join(folder, 'acme-pictures.mjs')
const imported = checkDefinition(((await import(module)) as { default: unknown }).default)
if (imported.kind !== 'definition') throw new Error(imported.message)

describeCodecs([imported.definition], join(folder, 'fixtures'))

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Started {
  readonly double: AcmeDouble
  readonly gateway: TestGateway
}

async function start(
  options: { readonly instant?: boolean; readonly waitMs?: number; readonly provider?: object } & TestGatewayOptions = {},
): Promise<Started> {
  const double = await startAcmeDouble({ instant: options.instant ?? true, waitMs: options.waitMs ?? 200 })
  closers.push(() => double.close())
  const prices = { 'acme/brush': { perImage: '0.02' }, 'acme/scissors': { perImage: '0.005' } }
  const acme = { module, baseUrl: double.baseUrl, apiKey: 'k1', prices, ...options.provider }
  const gateway = await startTestGateway({ config: { providers: { acme } }, ...options })
  closers.push(() => gateway.close())
  return { double, gateway }
}

interface ImageAnswer {
  readonly size: string
  readonly data: readonly { readonly b64_json: string }[]
  readonly halftone: { readonly offer: string; readonly cost_usd: string; readonly request_id: string }
  readonly error?: { readonly code: string; readonly message: string }
}
const dataUrl = (width = 96, height = 64): string => `data:image/png;base64,${doublePicture(width, height).toString('base64')}`
const make = (gateway: TestGateway, path: string, body: object) => gateway.call<ImageAnswer>(`/v1/images/${path}`, { body })

describe('a gateway with the module', () => {
  test('makes pictures with it, and pays what the provider says', async () => {
    const { gateway, double } = await start()
    const { body } = await make(gateway, 'generations', {
      model: 'acme/brush',
      prompt: 'a kite',
      size: '512x256',
      style: 'ink',
      seed: 3,
    })
    expect(body).toMatchObject({ size: '512x256', halftone: { offer: 'acme:acme/brush', cost_usd: '0.02' } })
    expect(double.jobs[0]?.value).toEqual({ model: 'brush', prompt: 'a kite', width: 512, height: 256, look: 'ink', seed: 3 })
    const [attempt] = await gateway.attempts()
    expect(attempt?.charges.map(({ provenance }) => provenance)).toEqual(['reported'])
  })

  test('sends a control image with its kind and strength, as JSON and as a form', async () => {
    const { gateway, double } = await start()
    const answer = await make(gateway, 'generations', {
      model: 'acme/brush',
      prompt: 'a kite',
      control_image: { image_url: dataUrl(), type: 'canny', strength: 0.25 },
    })
    expect([answer.status, answer.body.error]).toEqual([200, undefined])
    const form = new FormData()
    for (const [name, value] of Object.entries({ model: 'acme/brush', prompt: 'a kite', control_type: 'depth', strength: '0.5' }))
      form.append(name, value)
    for (const name of ['image', 'control']) form.append(name, new Blob([new Uint8Array(doublePicture(96, 64))]), `${name}.png`)
    const sent = await fetch(`${gateway.baseUrl}/images/edits`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
      body: form,
    })
    expect(sent.status).toBe(200)
    const picture = expect.stringMatching(/^data:image\/png;base64,/)
    expect(double.jobs.map(({ value }) => [value['image'], value['guide'], value['strength']])).toEqual([
      [undefined, { image: picture, kind: 'canny', weight: 0.25 }, undefined],
      [picture, { image: picture, kind: 'depth', weight: 1 }, 0.5],
    ])
  })

  test('a kind of control it does not read, and a look it does not have, are refused by name', async () => {
    const { gateway } = await start()
    const ask = (fields: object) => make(gateway, 'generations', { model: 'acme/brush', prompt: 'a kite', ...fields })
    const pose = await ask({ control_image: { image_url: dataUrl(), type: 'pose' } })
    expect(pose.body.error).toMatchObject({ code: 'unsupported_parameter', message: expect.stringContaining('pose') })
    const look = await ask({ style: 'vivid' })
    expect(look.body.error).toMatchObject({ code: 'unsupported_parameter', message: expect.stringContaining('ink, oil') })
  })

  test('an outpainted picture has the size of its input and what is added', async () => {
    const { gateway, double } = await start()
    const fields = { images: [{ image_url: dataUrl() }], outpaint: { left: 32, bottom: 8 } }
    const { body } = await make(gateway, 'edits', { model: 'acme/brush', prompt: 'a kite', ...fields })
    expect(body.size).toBe('128x72')
    expect(double.jobs[0]?.value).toMatchObject({ width: 128, height: 72, margins: { left: 32, right: 0, top: 0, bottom: 8 } })
  })

  test('cuts out at its own price, though no built-in provider is there', async () => {
    const { gateway } = await start()
    const { body } = await make(gateway, 'remove-background', { images: [{ image_url: dataUrl() }] })
    expect(body).toMatchObject({ size: '96x64', halftone: { offer: 'acme:acme/scissors', cost_usd: '0.005' } })
  })

  test('goes on with its second key when the first is refused, in the same request', async () => {
    const { gateway, double } = await start({ provider: { apiKey: undefined, apiKeys: ['k1', 'k2'] } })
    double.refusedKeys.add('k1')
    const { status, body } = await make(gateway, 'generations', { model: 'acme/brush', prompt: 'a kite' })
    expect([status, body.error]).toEqual([200, undefined])
    expect([...new Set(double.keysSeen)]).toEqual(['k1', 'k2'])
    expect((await gateway.attempts()).map(({ state }) => state).sort()).toEqual(['settled', 'voided'])
  })

  test('cancels the job when the client leaves, and nothing is paid', async () => {
    const { gateway, double } = await start({ instant: false })
    const leaving = new AbortController()
    const gone = fetch(`${gateway.baseUrl}/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'acme/brush', prompt: 'a kite' }),
      signal: leaving.signal,
    }).catch((error: unknown) => error)
    await expect.poll(() => double.jobs.length).toBe(1)
    leaving.abort()
    await gone
    await expect.poll(() => double.jobs[0]?.status, { timeout: 5_000 }).toBe('cancelled')
    await gateway.settled()
    expect((await gateway.attempts()).map(({ state, total_usd }) => [state, total_usd])).toEqual([['voided', '0.00']])
  })

  test('is woken by a call-back long before it would ask again; only the right token does so', async () => {
    const env = { HALFTONE_PUBLIC_URL: 'https://pictures.example' }
    const { gateway, double } = await start({ instant: false, waitMs: 60_000, env })
    const making = make(gateway, 'generations', { model: 'acme/brush', prompt: 'a kite' })
    await expect.poll(() => double.jobs[0]?.value['callback']).toMatch(/^https:\/\/pictures\.example\/v1\/halftone\/webhooks\//)
    const path = new URL(String(double.jobs[0]?.value['callback'])).pathname
    const tell = (to: string) =>
      fetch(gateway.url + to, { method: 'POST', body: 'x'.repeat(2_000_000) }).then((answer) => answer.json())
    double.finish('j1')
    expect(await tell(`${path.slice(0, -1)}~`)).toEqual({ received: true })
    expect(await tell(path)).toEqual({ received: true })
    expect((await making).status).toBe(200)
    expect(double.jobs[0]?.polls).toBe(1)
  })

  test('tells no provider to call back where nobody could reach it', async () => {
    const { gateway, double } = await start({ env: { HALFTONE_PUBLIC_URL: 'http://pictures.example' } })
    await make(gateway, 'generations', { model: 'acme/brush', prompt: 'a kite' })
    expect(double.jobs[0]?.value['callback']).toBeUndefined()
  })
})

test('a call-back after a crash wakes the job that the next start resumed; it is paid once', async () => {
  const double = await startAcmeDouble({ instant: false, waitMs: 60_000 })
  closers.push(() => double.close())
  const prices = { 'acme/brush': { perImage: '0.02' } }
  const cwd = await makeFolder(
    JSON.stringify({
      server: { port: 0, publicUrl: 'https://pictures.example' },
      log: { level: 'fatal' },
      providers: { acme: { module, baseUrl: double.baseUrl, apiKey: 'k1', prices } },
    }),
  )
  closers.push(() => removeFolder(cwd))
  const first = await serve(cwd)
  const key = (await readFile(join(cwd, '.halftone/admin-key'), 'utf8')).trim()
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ model: 'acme/brush', prompt: 'a kite' })
  const lost = fetch(`${first.url}/v1/images/generations`, { method: 'POST', headers, body }).catch((error: unknown) => error)
  await expect.poll(() => double.jobs.length, { timeout: 10_000 }).toBe(1)
  // The job is on record a moment after it was accepted.
  await new Promise((resolve) => setTimeout(resolve, 500))
  first.child.kill('SIGKILL')
  expect(await lost).toBeInstanceOf(Error)

  const second = await serve(cwd)
  closers.push(() => second.stop())
  double.finish('j1')
  const callback = new URL(String(double.jobs[0]?.value['callback'])).pathname
  await fetch(second.url + callback, { method: 'POST' })
  const outcome = async () => {
    const answer = await fetch(`${second.url}/v1/halftone/requests`, { headers })
    const { data } = (await answer.json()) as { data: { outcome: string; cost_usd: string; attempts: number }[] }
    return data.map(({ outcome, cost_usd, attempts }) => [outcome, cost_usd, attempts])
  }
  await expect.poll(outcome, { timeout: 10_000 }).toEqual([['succeeded', '0.02', 1]])
  expect([double.jobs.length, double.jobs[0]?.polls]).toEqual([1, 1])
}, 60_000)

describe('a module that cannot be used stops the start, naming file and remedy', () => {
  test.each([
    ['is not there', undefined, /module.* is no file/],
    ['does not parse', 'export default {', /cannot be loaded: /],
    ['exports nothing', 'export const provider = {}', /its default export must be a provider definition/],
    [
      'lacks a member',
      'export default { id: "mine", offers() {}, encode() {} }',
      /no provider definition: decode must be a function/,
    ],
  ])('one that %s', async (_, text, message) => {
    const scratch = await mkdtemp(join(tmpdir(), 'halftone-module-'))
    closers.push(() => rm(scratch, { recursive: true }))
    const path = join(scratch, 'mine.mjs')
    if (text !== undefined) await writeFile(path, text)
    await expect(startTestGateway({ config: { providers: { mine: { module: path, apiKey: 'k' } } } })).rejects.toThrow(message)
  })
})
