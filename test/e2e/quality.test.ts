/** What people say about pictures that were made under a floor, and what the next requests get because of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { endpoints } from '../../src/contract/endpoints.ts'
import type { Explanation } from '../../src/contract/records.ts'
import type { RouteTrialWire, RouteValidation } from '../../src/contract/routes.ts'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { createTestDatabase } from '../support/test-database.ts'

/** By their lower bounds 1,039 and 1,094: both above `standard` (1,007), the first below `high` (1,088). */
const CHEAP = 'xai/grok-imagine-image-quality'
const DEAR = 'google/gemini-3-pro-image'
const DAY_MS = 86_400_000

let double: ProviderDouble
let gateway: TestGateway
let dataDir: string
const more: TestGateway[] = []

// Many requests and some restarts each, on whatever machine.
vi.setConfig({ testTimeout: 120_000 })

beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(async () => {
  await double?.close()
})
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-quality-'))
  gateway = await start()
})
afterEach(async () => {
  for (const each of [gateway, ...more.splice(0)]) await each.close()
  await rm(dataDir, { recursive: true, force: true })
  double.reset()
})

const config = () => {
  const { qualities: _none, defaultQuality: _default, ...plain } = doubleCapabilities
  const models = [CHEAP, DEAR].map((model) => ({ model, ...plain, qualities: [] }))
  return {
    providers: {
      double: {
        ...compatibleProvider(double, { models, retries: 0 }),
        prices: { [CHEAP]: { perImage: '0.01' }, [DEAR]: { perImage: '0.05' } },
      },
    },
    routes: {
      shop: { floor: 'standard', maxAttempts: 1 },
      drafts: { floor: 'draft', maxAttempts: 1 },
      gated: { floor: 'high', easyFloor: 'standard', maxAttempts: 1 },
    },
    projects: { shop: { name: 'Shop' }, press: { name: 'Press' } },
  }
}
const start = (startsAt?: Date): Promise<TestGateway> =>
  startTestGateway({
    config: config(),
    env: { HALFTONE_DATA_DIR: dataDir },
    ...(startsAt && { startsAt }),
  })

interface Made {
  readonly halftone: { readonly request_id: string; readonly offer: string }
}
interface Asking {
  readonly model?: string
  readonly prompt?: string
  readonly key?: string
  readonly user?: string
  readonly n?: number
  readonly halftone?: object
}
const ask = async ({ model = 'shop', prompt = 'a red fox', key, ...rest }: Asking = {}) => {
  const { body, headers, status } = await gateway.call<Made>('/v1/images/generations', {
    body: { model, prompt, size: '64x64', ...rest },
    ...(key !== undefined && { key }),
  })
  if (status !== 200) throw new Error(`asking answered ${status}: ${JSON.stringify(body)}`)
  return {
    id: body.halftone.request_id,
    offer: body.halftone.offer.replace('double:', ''),
    floor: headers.get('x-halftone-floor'),
  }
}
const say = async (request_id: string, verdict: 'accept' | 'reject', key?: string) => {
  const { status } = await gateway.call('/v1/halftone/feedback', {
    body: { request_id, verdict },
    ...(key !== undefined && { key }),
  })
  expect(status).toBe(200)
}
const reject = async (times: number, asking: Asking = {}, speaker = asking.key) => {
  for (let time = 0; time < times; time += 1) await say((await ask(asking)).id, 'reject', speaker)
}
const explain = async (id: string) => (await gateway.call<Explanation>(`/v1/halftone/requests/${id}/explain`)).body

describe('a model whose pictures are rejected three times under a floor', () => {
  it('is not chosen under it any more, and the explanation says why', async () => {
    expect((await ask()).offer).toBe(CHEAP)
    await reject(2)
    expect((await ask()).offer).toBe(CHEAP)
    await reject(1)
    const next = await ask()
    expect(next.offer).toBe(DEAR)
    const { eliminated } = await explain(next.id)
    expect(eliminated).toMatchObject([
      { offer: `double:${CHEAP}`, reason: 'floor', detail: expect.stringMatching(/^rejected 3 times since 20/) },
    ])
  })

  it('still is under a lower floor, and when it is named', async () => {
    await reject(3)
    expect((await ask({ model: 'drafts' })).offer).toBe(CHEAP)
    expect((await ask({ model: CHEAP })).offer).toBe(CHEAP)
  })

  it('stays away after a restart, and comes back after some days without a word', async () => {
    await reject(3)
    await gateway.close()
    gateway = await start()
    expect((await ask()).offer).toBe(DEAR)
    await gateway.close()
    gateway = await start(new Date(Date.now() + 4 * DAY_MS))
    expect((await ask()).offer).toBe(CHEAP)
    await reject(1)
    expect((await ask()).offer).toBe(DEAR)
  })

  it('is chosen again when people change their minds', async () => {
    const made = [await ask(), await ask(), await ask()]
    for (const { id } of made) await say(id, 'reject')
    expect((await ask()).offer).toBe(DEAR)
    await say(made[1]?.id ?? '', 'accept')
    expect((await ask()).offer).toBe(CHEAP)
  })

  it('keeps the look of a group that it has begun', async () => {
    const first = await ask({ halftone: { group: 'set' } })
    expect(first.offer).toBe(CHEAP)
    await reject(3)
    expect((await ask({ halftone: { group: 'set' } })).offer).toBe(CHEAP)
    expect((await ask({ halftone: { group: 'another' } })).offer).toBe(DEAR)
  })
})

describe('who can switch a model off', () => {
  it('one request does not, however many pictures it made', async () => {
    await reject(1, { n: 4 })
    expect((await ask()).offer).toBe(CHEAP)
  })

  it('one end customer does not, and two do', async () => {
    const { secret: key } = await gateway.createKey()
    await reject(5, { key, user: 'ann' })
    expect((await ask({ key })).offer).toBe(CHEAP)
    await reject(2, { key, user: 'ben' })
    expect((await ask({ key })).offer).toBe(DEAR)
  })

  it('a project does for itself, and not for others', async () => {
    const { secret: shop } = await gateway.createKey({ project_id: 'shop' })
    const { secret: press } = await gateway.createKey({ project_id: 'press' })
    await reject(5, { key: shop })
    expect((await ask({ key: shop })).offer).toBe(DEAR)
    expect((await ask({ key: press })).offer).toBe(CHEAP)
    await reject(1, { key: press })
    expect((await ask({ key: press })).offer).toBe(DEAR)
  })
})

it('the sandbox, which nobody rates, meets a floor until its pictures are rejected', async () => {
  const play = await startTestGateway({
    config: { routes: { shop: { floor: 'standard', maxAttempts: 1 } }, sandbox: { latencyScale: 0 } },
  })
  more.push(play)
  const make = async () => {
    const { body } = await play.call<Made>('/v1/images/generations', { body: { model: 'shop', prompt: 'a red fox' } })
    return body.halftone
  }
  const { offer } = await make()
  for (let time = 0; time < 3; time += 1) {
    const { request_id } = await make()
    await play.call('/v1/halftone/feedback', { body: { request_id, verdict: 'reject' } })
  }
  const { data } = endpoints.listQuality.response.parse((await play.call('/v1/halftone/quality')).body)
  expect(data).toMatchObject([{ rating: null, rejected: 3 }])
  const next = await make()
  const { quality } = (await play.receipt(next.request_id)).attempts[0]?.settings ?? {}
  expect(`${next.offer}@${quality}`.replace('sandbox:', '')).not.toBe(data[0]?.product)
  expect(data[0]?.product.startsWith(offer.replace('sandbox:', ''))).toBe(true)
})

it('what is said on one node is in force on the other, without a restart', async () => {
  const database = await createTestDatabase()
  try {
    const node = () => startTestGateway({ config: config(), env: { DATABASE_URL: database.url } })
    const [first, second] = await Promise.all([node(), node()])
    more.push(first, second)
    const make = async (at: TestGateway) =>
      (await at.call<Made>('/v1/images/generations', { body: { model: 'shop', prompt: 'a red fox', size: '64x64' } })).body
        .halftone
    for (let time = 0; time < 3; time += 1) {
      const { request_id } = await make(second)
      await first.call('/v1/halftone/feedback', { body: { request_id, verdict: 'reject' } })
    }
    expect((await make(first)).offer).toBe(`double:${DEAR}`)
    await vi.waitFor(async () => expect((await make(second)).offer).toBe(`double:${DEAR}`), { timeout: 40_000, interval: 500 })
    for (const each of more.splice(0)) await each.close()
  } finally {
    await database.drop()
  }
})

describe('an operator', () => {
  const list = async () => endpoints.listQuality.response.parse((await gateway.call('/v1/halftone/quality')).body).data
  const reset = (product: string) => gateway.call('/v1/halftone/quality/reset', { body: { product } })

  it('sees who is below which floor, since when and until when, and puts it aside for good', async () => {
    expect(await list()).toEqual([])
    await say((await ask({ prompt: 'a blue fox' })).id, 'accept')
    await reject(3)
    const [cheap] = await list()
    expect(cheap).toMatchObject({ product: CHEAP, rating: 1_039, rejected: 3, accepted: 1 })
    expect(cheap?.findings).toMatchObject([{ project: 'default', floor: 1_007, rejected: 3, accepted: 0 }])
    expect(Date.parse(cheap?.findings[0]?.below_until ?? '')).toBeGreaterThan(Date.now() + 2 * DAY_MS)
    expect((await ask()).offer).toBe(DEAR)

    expect(endpoints.resetQuality.response.parse((await reset(CHEAP)).body).data).toEqual([])
    expect(await list()).toEqual([])
    expect((await ask()).offer).toBe(CHEAP)
    await gateway.close()
    gateway = await start()
    expect((await ask()).offer).toBe(CHEAP)
    const { body } = await gateway.call<{ data: object[] }>('/v1/halftone/audit?action=quality')
    expect(body.data).toMatchObject([{ action: 'quality.reset', object_id: CHEAP }])
  })

  it('cannot put aside what nobody said, and a key of an application cannot at all', async () => {
    expect(await reset(CHEAP)).toMatchObject({ status: 404, body: { error: { code: 'not_found', param: 'product' } } })
    const { secret: key } = await gateway.createKey()
    expect((await gateway.call('/v1/halftone/quality', { key })).status).toBe(403)
  })
})

describe('a route with a lower floor for easy prompts', () => {
  const easy = 'a red fox in the snow'
  const hard = 'exactly three red cubes to the left of two blue balls, no shadows'
  const gated = (asking: Asking = {}) => ask({ model: 'gated', prompt: easy, ...asking })

  it('buys an easy prompt under it and says so in header, receipt and explanation', async () => {
    const made = await gated()
    expect(made).toMatchObject({ offer: CHEAP, floor: 'standard; because=easy' })
    const floor = { name: 'standard', because: 'easy', otherwise: 'high' }
    expect((await gateway.receipt(made.id)).floor).toEqual(floor)
    expect((await explain(made.id)).floor).toEqual(floor)
    expect(await gated({ prompt: hard })).toMatchObject({ offer: DEAR, floor: 'high; because=not_easy' })
    expect(await ask()).toMatchObject({ floor: 'standard; because=route' })
  })

  it('is tried on past requests as it would serve them', async () => {
    for (const prompt of [easy, easy, hard]) await ask({ model: 'gated', prompt })
    const tried = () => gateway.call<RouteTrialWire>('/v1/halftone/routes/gated/dry-run', { body: {} })
    expect((await tried()).body).toMatchObject({ easy: 2, changed: 0, promises: { after: { below_floor: 0 } } })
    await reject(3)
    expect((await tried()).body).toMatchObject({ easy: 2, changed: 2, after: [{ offer: `double:${DEAR}`, requests: 3 }] })
  })

  it('is refused where its lower floor is no lower', async () => {
    const check = (document: object) => gateway.call<RouteValidation>('/v1/halftone/routes/new/validate', { body: { document } })
    const findings = async (document: object) => (await check(document)).body.findings
    expect(await findings({ floor: 'standard', easyFloor: 'draft' })).not.toContainEqual(
      expect.objectContaining({ level: 'problem' }),
    )
    for (const [document, message] of [
      [{ easyFloor: 'draft' }, /needs floor/],
      [{ floor: 'standard', easyFloor: 'high' }, /must be lower/],
      [{ floor: CHEAP, easyFloor: DEAR }, /no lower than floor: 1094 is not below 1039/],
      [{ floor: 'standard', easyFloor: 'poor' }, /neither a known level/],
    ] as const)
      expect(await findings(document)).toContainEqual(
        expect.objectContaining({ level: 'problem', path: 'easyFloor', message: expect.stringMatching(message) }),
      )
  })

  it('lowers neither a request that names its own floor nor a group', async () => {
    expect(await gated({ halftone: { quality_floor: 'draft' } })).toMatchObject({ offer: DEAR, floor: 'high; because=route' })
    expect(await gated({ halftone: { group: 'set' } })).toMatchObject({ offer: DEAR, floor: 'high; because=route' })
  })

  it('learns from what is said about its pictures, and knows it after a restart', async () => {
    const isEasy = async () => (await gated()).floor === 'standard; because=easy'
    expect([await isEasy(), await isEasy(), await isEasy()]).toEqual([true, true, true])
    for (let rejected = 0; rejected < 12; ) {
      const { id, floor } = await gated()
      if (floor !== 'standard; because=easy') continue
      await say(id, 'reject')
      rejected += 1
      // Elsewhere its pictures are liked: it is the prompts that are in question, not the model.
      for (let time = 0; time < 2; time += 1) await say((await ask()).id, 'accept')
    }
    expect((await ask()).offer).toBe(CHEAP)
    await gateway.close()
    gateway = await start()
    const next: boolean[] = []
    for (let time = 0; time < 12; time += 1) next.push(await isEasy())
    expect(next).toContain(false)
  })
})
