/** Servers that say what they serve: their models are offers, the unpriced ones say so, and a silent server is told about. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

/** A type whose models nobody knows beforehand. */
const text = `
const capabilities = {
  operations: ['generate'], sizes: { kind: 'any' }, defaultSize: { width: 512, height: 512 }, qualities: [], maxN: 1,
  formats: ['png'], defaultFormat: 'png', backgrounds: [], maxInputs: 0, mask: false, maxPromptChars: 1000, parameters: [],
  cancelStopsBilling: false, asyncJobs: false,
}
export default {
  id: 'garage',
  requiresKey: false,
  auth: () => ({}),
  bodyKeys: [],
  offers: ({ name, models = [] }) => models.map(({ id }) => ({
    id: name + ':garage/' + id, provider: name, providerType: 'garage', model: 'garage/' + id, wireModel: id, capabilities, sandbox: false,
  })),
  encode: () => { throw new Error('nothing is made here') },
  decode: () => ({ kind: 'done', images: [] }),
  discover: {
    call: { method: 'GET', path: '/models', body: { kind: 'none' }, accept: 'json', stream: false, spends: false },
    decode: ({ body }) => body.kind === 'json' && Array.isArray(body.value)
      ? body.value.map((id) => ({ id, model: 'garage/' + id, capabilities: {} }))
      : undefined,
  },
}
`
let folder: string
let gateway: TestGateway
let served: unknown = ['sd', 'flux']
const server = createServer((_, response) => {
  response.writeHead(served ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(served ?? {}))
})

const configOf = (tag: string) => ({
  providers: {
    garage: {
      module: join(folder, 'garage.mjs'),
      baseUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      prices: { 'garage/sd': { perImage: '0.001' } },
    },
  },
  // Any change of the file asks the server again.
  declaredTags: [tag],
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-discovery-'))
  await writeFile(join(folder, 'garage.mjs'), text)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  gateway = await startTestGateway({ config: configOf('first') })
})
afterAll(async () => {
  await gateway?.close()
  server.close()
  await rm(folder, { recursive: true })
})

interface Models {
  readonly data: readonly { readonly id: string; readonly halftone: { readonly kind: string; readonly priced: boolean } }[]
}
const offers = async () =>
  (await gateway.call<Models>('/v1/models')).body.data
    .filter(({ halftone }) => halftone.kind === 'offer')
    .map(({ id, halftone }) => [id, halftone.priced])
interface Status {
  readonly providers: readonly {
    readonly offers: number
    readonly unpriced: number
    readonly discovery: { readonly problem: string | null }
  }[]
}
const status = async () => (await gateway.call<Status>('/v1/halftone/status')).body.providers[0]

it('at start its models become offers; the one without a price says so', async () => {
  expect(await offers()).toEqual([
    ['garage:garage/sd', true],
    ['garage:garage/flux', false],
  ])
  expect(await status()).toMatchObject({ offers: 2, unpriced: 1, discovery: { problem: null } })
})

it('at a reload it is asked again, and what is gone is no offer any more', async () => {
  served = ['sd', 'sdxl']
  await gateway.writeConfig(configOf('second'))
  await expect.poll(offers, { timeout: 10_000 }).toEqual([
    ['garage:garage/sd', true],
    ['garage:garage/sdxl', false],
  ])
})

it('while it does not answer its last models stay, and the status says why', async () => {
  served = undefined
  await gateway.writeConfig(configOf('third'))
  await expect.poll(async () => (await status())?.discovery.problem, { timeout: 10_000 }).toMatch(/answered 503/)
  expect((await offers()).map(([id]) => id)).toEqual(['garage:garage/sd', 'garage:garage/sdxl'])
})
