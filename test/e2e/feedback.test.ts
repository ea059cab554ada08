/** Words and signals about pictures, from the wire to what the gateway has learned and what an accepted picture costs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { AcceptanceWire, FeedbackResponse } from '../../src/contract/feedback.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { checkLedger, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
let dataDir: string

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-feedback-'))
  double = await startProviderDouble()
  gateway = await startTestGateway({
    config: { providers: { double: compatibleProvider(double, { retries: 0 }) } },
    env: { HALFTONE_DATA_DIR: dataDir },
  })
})
afterEach(async () => {
  await checkLedger(gateway, { doubles: { double } })
  await gateway.close()
  await double.close()
  await rm(dataDir, { recursive: true, force: true })
})

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly halftone: { readonly request_id: string }
}
const generate = async (body: object = {}, key?: string): Promise<Made> => {
  const call = { body: { model: 'acme/painter', prompt: 'a red fox', ...body }, ...(key !== undefined && { key }) }
  return (await gateway.call<Made>('/v1/images/generations', call)).body
}
const rate = (body: object, key?: string) =>
  gateway.call<FeedbackResponse>('/v1/halftone/feedback', { body, ...(key !== undefined && { key }) })
const acceptance = async (key?: string) => {
  const options = key === undefined ? {} : { key }
  const { body } = await gateway.call<{ acceptance: AcceptanceWire }>('/v1/halftone/requests?limit=1', options)
  return body.acceptance
}
/** Signals are nobody's to wait for. */
const rated = async (requestId: string) => {
  for (let tries = 0; tries < 200; tries += 1) {
    const [image] = (await gateway.record(requestId)).images
    if (image && image.accepted + image.rejected > 0) return { accepted: image.accepted, rejected: image.rejected }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('nothing was counted')
}

it('an accepted picture costs what the rejected ones cost too, and the coverage says how much was rated', async () => {
  const first = await generate({ n: 2 })
  const second = await generate({ n: 2 })
  expect((await rate({ request_id: first.halftone.request_id, verdict: 'accept' })).body.images).toMatchObject([
    { offer: 'double:acme/painter', accepted: 1, rejected: 0, changed: true },
    { changed: true },
  ])
  const [bad] = (await gateway.record(second.halftone.request_id)).images
  await rate({ image_id: bad?.id, verdict: 'reject', reason: 'six fingers' })
  expect(await acceptance()).toMatchObject({
    images: 4,
    accepted: 2,
    rejected: 1,
    coverage: 0.75,
    cost_usd: '0.16',
    cost_per_accepted_usd: '0.06',
  })
  expect((await gateway.call<{ acceptance: object }>('/v1/halftone/overview')).body.acceptance).toEqual(await acceptance())
  expect((await rate({ image_id: bad?.id, verdict: 'reject', reason: 'six fingers' })).body.images).toMatchObject([
    { changed: false },
  ])
  await rate({ image_id: bad?.id, score: 0.5 })
  expect(await acceptance()).toMatchObject({ accepted: 2.5, rejected: 0.5 })
})

it('words are in the ledger by candidate and class when the next process starts', async () => {
  const { halftone } = await generate()
  await rate({ request_id: halftone.request_id, verdict: 'reject' })
  await gateway.halftone.close()
  const ledger = await openSqliteLedger({ dataDir, now: () => Date.now() * 1_000 })
  const { attempts } = await ledger.read.experience(0)
  await ledger.close()
  expect(attempts).toMatchObject([{ offer: 'double:acme/painter', operation: 'generate', accepted: 0, rejected: 1 }])
  gateway = await startTestGateway({
    config: { providers: { double: compatibleProvider(double, { retries: 0 }) } },
    env: { HALFTONE_DATA_DIR: dataDir },
  })
  expect(await acceptance()).toMatchObject({ rejected: 1, cost_per_accepted_usd: null })
})

it('a key rates and deletes what it made, and nothing else', async () => {
  const [mine, other] = [await gateway.createKey(), await gateway.createKey()]
  const { halftone } = await generate({}, mine.secret)
  const [image] = (await gateway.record(halftone.request_id)).images
  for (const body of [
    { request_id: halftone.request_id, verdict: 'accept' },
    { image_id: image?.id, verdict: 'accept' },
  ])
    expect(await rate(body, other.secret)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
  const path = `/v1/halftone/images/${image?.id}`
  expect((await gateway.call(path, { method: 'DELETE', key: other.secret })).status).toBe(404)
  expect((await rate({ image_id: image?.id, verdict: 'accept' }, mine.secret)).status).toBe(200)
  expect((await acceptance(other.secret)).images).toBe(0)
  expect((await acceptance(mine.secret)).accepted).toBe(1)
  expect((await gateway.call(path, { method: 'DELETE', key: mine.secret })).body).toEqual({ id: image?.id, deleted: true })
  expect((await gateway.call(path, { method: 'DELETE', key: mine.secret })).status).toBe(410)
  const gone = await fetch(image?.url ?? '')
  expect(gone.status).toBe(410)
  await gone.arrayBuffer()
})

it('exactly one subject and one word are taken', async () => {
  for (const body of [
    {},
    { request_id: 'a', image_id: 'b', verdict: 'accept' },
    { request_id: 'a', verdict: 'accept', score: 1 },
    { request_id: 'a', score: 2 },
  ])
    expect((await rate(body)).status).toBe(400)
})

it('a picture that is edited was good enough, one that is downloaded perhaps; a link that is the answer says nothing', async () => {
  const { data, halftone } = await generate()
  const [first] = data
  const image_url = `data:image/png;base64,${first?.b64_json}`
  await gateway.call('/v1/images/edits', { body: { model: 'acme/painter', prompt: 'bluer', images: [{ image_url }] } })
  expect(await rated(halftone.request_id)).toEqual({ accepted: 0.5, rejected: 0 })

  const open = async (made: Made, headers: Record<string, string> = {}) => {
    const [image] = (await gateway.record(made.halftone.request_id)).images
    await (await fetch(image?.url ?? '', { headers })).arrayBuffer()
  }
  const linked = await generate({ prompt: 'a lake', response_format: 'url' })
  const looked = await generate({ prompt: 'a hill' })
  const fetched = await generate({ prompt: 'a bay' })
  await open(linked)
  await open(looked, { 'sec-fetch-site': 'same-origin' })
  await open(fetched)
  expect(await rated(fetched.halftone.request_id)).toEqual({ accepted: 0.1, rejected: 0 })
  for (const made of [linked, looked])
    expect((await gateway.record(made.halftone.request_id)).images).toMatchObject([{ accepted: 0, rejected: 0 }])
})

it('the same prompt again soon after counts against the first picture; several at once do not', async () => {
  const first = await generate({ halftone: { group: 'g' } })
  await generate({ halftone: { group: 'g' } })
  await generate({ halftone: { group: 'other' } })
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  expect((await gateway.record(first.halftone.request_id)).images).toMatchObject([{ rejected: 0 }])
  const second = await generate({ prompt: 'a lake' })
  await new Promise((resolve) => setTimeout(resolve, 2_100))
  await generate({ prompt: 'a lake', quality: 'high' })
  expect(await rated(second.halftone.request_id)).toEqual({ accepted: 0, rejected: 0.3 })
}, 20_000)
