/** Jobs that outlive what they were begun by, a node that is killed or a configuration that changes: they are polled to their end, and paid once. */
import OpenAI, { toFile } from 'openai'
import { expect, it, onTestFinished } from 'vitest'
import type { Receipt, RequestRecordWire } from '../../src/contract/records.ts'
import { type BflDouble, type BflScript, bflKey, startBfl } from '../support/doubles/black-forest-labs.ts'
import { ADMIN_KEY, checkLedger, startTestGateway } from '../support/gateway.ts'
import { askForImages, startKillableNode } from '../support/killable-node.ts'

interface ImagesAnswer {
  readonly data: readonly object[]
  readonly usage: { readonly cost: number }
  readonly halftone: { readonly request_id: string }
}

const network = { allowPrivateHosts: ['127.0.0.1'] }
const providersOf = (bfl: BflDouble) => ({
  bfl: { type: 'black-forest-labs', baseUrl: `${bfl.origin}/v1`, apiKey: bflKey, retries: 0 },
})
const ask = (url: string, n: number): Promise<Response> => {
  const body = { model: 'black-forest-labs/flux.2-pro', prompt: 'a red fox', n, size: '1024x1024' }
  return askForImages(url, body, { 'idempotency-key': 'a fox' })
}

/** A job is in the ledger before it is asked about. */
const asked = (bfl: BflDouble) => (): number =>
  new Set(bfl.calls.flatMap(({ path, query }) => (path === '/v1/get_result' ? [query.get('id')] : []))).size

/** A node that was killed while `n` jobs of what `begin` asks for ran; none of them ends before `script` says so. */
async function killed(n: number, begin: (url: string) => Promise<unknown> = (url) => ask(url, n)) {
  const script: { -readonly [Key in keyof BflScript]: BflScript[Key] } = { ending: 'Pending' }
  const bfl = await startBfl(script)
  onTestFinished(() => bfl.close())
  const config = { providers: providersOf(bfl), network }
  const node = await startKillableNode(config)
  const cut = begin(node.url).catch(() => undefined)
  await expect.poll(asked(bfl), { timeout: 30_000 }).toBe(n)
  await node.kill()
  await cut
  return { script, bfl, node, config }
}

it('each knows what those before it have brought: all are paid once, and nothing stays held', async () => {
  const { script, bfl, node } = await killed(3)
  script.ending = 'Ready'
  const { url, read, newest, newestEnded } = await node.startAgain()
  await newestEnded(30_000)
  const request = await newest()
  expect(request).toMatchObject({ outcome: 'succeeded', images_returned: 3, attempts: 3 })
  const receipt = await read<Receipt>(`/v1/halftone/requests/${request?.id}/receipt`)
  expect(receipt.attempts.map(({ state, images_made }) => [state, images_made])).toEqual([
    ['settled', 1],
    ['settled', 1],
    ['settled', 1],
  ])
  const sum = receipt.attempts.reduce((total, { total_usd }) => total + Number(total_usd), 0)
  expect(Number(receipt.total_usd)).toBeCloseTo(sum, 9)
  expect(sum).toBeCloseTo(3 * 0.045, 9)
  const record = await read<RequestRecordWire>(`/v1/halftone/requests/${request?.id}`)
  expect(new Set(record.images.map(({ id }) => id)).size).toBe(3)
  expect(await read('/v1/halftone/overview')).toMatchObject({ held_usd: '0.00' })
  expect(bfl.jobs.size).toBe(3)

  // Whoever repeats the call that was cut off gets its pictures, and pays for none of them again.
  const repeated = await ask(url, 3)
  expect([repeated.status, repeated.headers.get('x-halftone-cache')]).toEqual([200, 'hit'])
  const answer = (await repeated.json()) as ImagesAnswer
  expect([answer.data.length, answer.usage.cost, answer.halftone.request_id]).toEqual([3, 0.135, request?.id])
  expect(bfl.jobs.size).toBe(3)
}, 120_000)

it('a job that fails is an answer as well: one that was billed is not bought again by a repeat', async () => {
  const { script, bfl, node } = await killed(1)
  script.ending = 'Content Moderated'
  const { url, newest, newestEnded } = await node.startAgain()
  await newestEnded(30_000)
  const { cost_usd } = (await newest()) ?? {}
  const repeated = await ask(url, 1)
  const { error } = (await repeated.json()) as { error: { code: string } }
  expect([repeated.status, error.code, repeated.headers.get('x-should-retry')]).toEqual([400, 'content_refused', 'false'])
  expect([cost_usd, bfl.jobs.size]).toEqual(['0.03', 1])
}, 120_000)

it('while its provider has another name its money is held and a repeat waits; once the name is back the job is polled to its end', async () => {
  const { script, bfl, node, config } = await killed(1)
  script.ending = 'Ready'
  const { bfl: account } = config.providers
  await node.writeConfig({ providers: { renamed: account }, network })
  const { url, read, newest, newestEnded } = await node.startAgain()
  const during = await ask(url, 1)
  expect([during.status, (await newest())?.finished_at]).toEqual([409, null])
  expect(await read('/v1/halftone/overview')).toMatchObject({ held_usd: '0.03' })

  await node.writeConfig(config)
  await newestEnded(60_000)
  expect(await newest()).toMatchObject({ outcome: 'succeeded', images_returned: 1, cost_usd: '0.045' })
  expect((await ask(url, 1)).headers.get('x-halftone-cache')).toBe('hit')
  expect(bfl.jobs.size).toBe(1)
}, 120_000)

it('a line of a batch that is cancelled after the restart is waited for all the same: it has been paid for', async () => {
  const clientOf = (url: string) => new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${url}/v1` })
  let id = ''
  const { script, bfl, node } = await killed(1, async (url) => {
    const body = { model: 'black-forest-labs/flux.2-pro', prompt: 'a red fox', size: '1024x1024' }
    const line = JSON.stringify({ custom_id: 'fox', method: 'POST', url: '/v1/images/generations', body })
    const client = clientOf(url)
    const file = await client.files.create({ file: await toFile(Buffer.from(line), 'in.jsonl'), purpose: 'batch' })
    // The client's types do not know the image endpoints of newer batches.
    const endpoint = '/v1/images/generations' as '/v1/responses'
    ;({ id } = await client.batches.create({ input_file_id: file.id, endpoint, completion_window: '24h' }))
  })
  const { url } = await node.startAgain()
  const { batches } = clientOf(url)
  await batches.cancel(id)
  const looks = new Set<string>()
  const look = async () => looks.add((await batches.retrieve(id)).status)
  for (let count = 0; count < 30; count += 1) {
    await look()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect([...looks]).toEqual(['cancelling'])
  script.ending = 'Ready'
  await expect.poll(async () => (await batches.retrieve(id)).status, { timeout: 60_000 }).toBe('cancelled')
  expect((await batches.retrieve(id)).request_counts).toMatchObject({ total: 1, completed: 1, failed: 0 })
  expect(bfl.jobs.size).toBe(1)
}, 120_000)

it('a job that runs while its provider leaves the configuration is polled to its end, by the account that it was given to', async () => {
  const script: { -readonly [Key in keyof BflScript]: BflScript[Key] } = { ending: 'Pending' }
  const bfl = await startBfl(script)
  onTestFinished(() => bfl.close())
  const gateway = await startTestGateway({ config: { providers: providersOf(bfl), network } })
  onTestFinished(() => gateway.close())
  const running = ask(gateway.url, 1)
  await expect.poll(asked(bfl), { timeout: 30_000 }).toBe(1)
  await gateway.writeConfig({ network })
  const ids = async () => (await gateway.call<{ data: { id: string }[] }>('/v1/models')).body.data.map(({ id }) => id).join(' ')
  await expect.poll(ids, { timeout: 30_000 }).not.toContain('flux.2-pro')
  script.ending = 'Ready'
  const { status, headers } = await running
  expect([status, headers.get('x-halftone-cost-usd')]).toEqual([200, '0.045'])
  await checkLedger(gateway, { doubles: {} })
}, 120_000)
