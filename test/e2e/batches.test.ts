import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import OpenAI, { toFile } from 'openai'
import sharp from 'sharp'
import { afterEach, describe, expect, it } from 'vitest'
import { parseUsd } from '../../src/core/money.ts'
import { ADMIN_KEY, compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { startKillableNode } from '../support/killable-node.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let gateway: TestGateway
const gateways: TestGateway[] = []
let double: ProviderDouble | undefined
afterEach(async () => {
  await gateways.splice(0).reduce((done, each) => done.then(() => each.close()), Promise.resolve())
  await double?.close()
  double = undefined
})

const sandbox = { enabled: 'always', latencyScale: 0 }
const start = async (config: object = {}): Promise<OpenAI> => {
  gateway = await startTestGateway({ config: { sandbox, ...config } })
  gateways.push(gateway)
  return clientOf(ADMIN_KEY)
}
const clientOf = (apiKey: string): OpenAI => new OpenAI({ apiKey, baseURL: gateway.baseUrl })

const line = (customId: string, body: object, url = '/v1/images/generations'): string =>
  JSON.stringify({ custom_id: customId, method: 'POST', url, body })
const drawing = (prompt: string, over: object = {}): object => ({ model: 'auto', prompt, size: '256x256', ...over })

const upload = async (client: OpenAI, lines: readonly string[], purpose: 'batch' | 'vision' = 'batch'): Promise<string> => {
  const { id } = await client.files.create({ file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'), purpose })
  return id
}
// The client's types do not know the image endpoints of newer batches.
const handIn = (client: OpenAI, fileId: string, options: object = {}, endpoint = '/v1/images/generations') =>
  client.batches.create({ input_file_id: fileId, endpoint: endpoint as '/v1/responses', completion_window: '24h', ...options })

type Batch = Awaited<ReturnType<typeof handIn>> & { readonly halftone: { readonly cost_usd: string } }
const ended = ['completed', 'failed', 'cancelled', 'expired']

async function end(client: OpenAI, id: string): Promise<Batch> {
  return expect
    .poll(async () => (await client.batches.retrieve(id)) as Batch, { timeout: 60_000, interval: 100 })
    .toSatisfy(({ status }: Batch) => ended.includes(status))
    .then(async () => (await client.batches.retrieve(id)) as Batch)
}

interface Answer {
  readonly custom_id: string
  readonly response: { readonly status_code: number; readonly request_id: string; readonly body: Body } | null
  readonly error: { readonly code: string } | null
}
interface Body {
  readonly data: readonly { readonly b64_json?: string; readonly url?: string }[]
  readonly halftone: { readonly offer: string; readonly cost_usd: string }
  readonly error?: { readonly code: string; readonly param: string | null }
}
const linesOf = async (client: OpenAI, fileId: string | null | undefined): Promise<readonly Answer[]> => {
  const text = await (await client.files.content(fileId ?? '')).text()
  return text
    .trimEnd()
    .split('\n')
    .map((each) => JSON.parse(each) as Answer)
}

describe('a batch', () => {
  it('does each line in the cheapest lane, and gives the pictures back under the names of its lines', async () => {
    const client = await start({ routes: { shop: { models: ['sandbox/flat', 'sandbox/batch'] } } })
    const atOnce = await gateway.call<Body>('/v1/images/generations', { body: drawing('a red fox', { model: 'shop' }) })
    expect(atOnce.body.halftone.offer).toBe('sandbox:sandbox/flat')
    const fileId = await upload(client, [
      line('fox', drawing('a red fox', { model: 'shop' })),
      line('two', drawing('a boat', { n: 2, response_format: 'url' })),
    ])
    const made = await handIn(client, fileId, { metadata: { campaign: 'summer' } })
    expect(made).toMatchObject({ object: 'batch', status: 'validating', metadata: { campaign: 'summer' }, output_file_id: null })
    const batch = await end(client, made.id)
    expect(batch).toMatchObject({
      status: 'completed',
      request_counts: { total: 2, completed: 2, failed: 0 },
      error_file_id: null,
    })
    const answers = await linesOf(client, batch.output_file_id)
    expect(answers.map(({ custom_id, response }) => [custom_id, response?.status_code, response?.body.data.length])).toEqual([
      ['fox', 200, 1],
      ['two', 200, 2],
    ])
    const [fox, two] = answers.map(({ response }) => response?.body)
    expect(fox?.halftone.offer).toBe('sandbox:sandbox/batch+batch')
    const { width, height } = await sharp(Buffer.from(fox?.data[0]?.b64_json ?? '', 'base64')).metadata()
    expect([width, height]).toEqual([256, 256])
    const linked = await fetch(two?.data[1]?.url ?? '')
    expect([linked.status, linked.headers.get('content-type')]).toEqual([200, 'image/png'])
    const sum = answers.reduce((total, { response }) => total + parseUsd(response?.body.halftone.cost_usd ?? ''), 0n)
    expect(parseUsd(batch.halftone.cost_usd)).toBe(sum)
    const receipt = await gateway.receipt(answers[0]?.response?.request_id ?? '')
    expect(receipt.total_usd).toBe(fox?.halftone.cost_usd)
  })

  it('says of each line that is refused what is wrong with it, and does the others', async () => {
    const client = await start()
    const lines = [
      line('good', drawing('a tree')),
      line('bad', drawing('a tree', { size: 'huge' })),
      line('none', drawing('a tree', { model: 'no/such' })),
    ]
    const batch = await end(client, (await handIn(client, await upload(client, lines))).id)
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 3, completed: 1, failed: 2 } })
    const failures = await linesOf(client, batch.error_file_id)
    expect(failures.map(({ custom_id, response }) => [custom_id, response?.status_code, response?.body.error?.code])).toEqual([
      ['bad', 400, 'invalid_value'],
      ['none', 404, 'model_not_found'],
    ])
    expect((await linesOf(client, batch.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['good'])
  })

  it.each([
    ['not JSON', ['{"custom_id": "a"'], { code: 'invalid_json', line: 1 }],
    [
      'another endpoint',
      [line('a', drawing('x')), line('b', drawing('x'), '/v1/images/edits')],
      { code: 'invalid_value', param: 'url', line: 2 },
    ],
    [
      'a name twice',
      [line('a', drawing('x')), '', line('a', drawing('y'))],
      { code: 'invalid_value', param: 'custom_id', line: 3 },
    ],
    ['a stream', [line('a', drawing('x', { stream: true }))], { code: 'invalid_value', param: 'body.stream', line: 1 }],
  ])('with %s in its file fails before anything costs money', async (_name, lines, problem) => {
    const client = await start()
    const batch = await end(client, (await handIn(client, await upload(client, lines))).id)
    expect(batch).toMatchObject({ status: 'failed', output_file_id: null, errors: { data: [problem] } })
    expect(await gateway.requests()).toEqual([])
  })

  it('edits pictures: inline, and uploaded before', async () => {
    const client = await start()
    const png = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c33' } })
      .png()
      .toBuffer()
    const { id: picture } = await client.files.create({ file: await toFile(png, 'red.png'), purpose: 'vision' })
    const edit = (name: string, image: object) =>
      line(name, { ...drawing('make it blue', { model: 'sandbox/visual' }), images: [image] }, '/v1/images/edits')
    const lines = [
      edit('inline', { image_url: `data:image/png;base64,${png.toString('base64')}` }),
      edit('file', { file_id: picture }),
    ]
    const batch = await end(client, (await handIn(client, await upload(client, lines), {}, '/v1/images/edits')).id)
    expect(batch).toMatchObject({ status: 'completed', request_counts: { completed: 2 } })
    const { status, body } = await gateway.call<{ data: readonly object[] }>('/v1/images/edits', {
      body: { model: 'sandbox/visual', prompt: 'make it green', images: [{ file_id: picture }], size: '256x256' },
    })
    expect([status, body.data.length]).toEqual([200, 1])
  })

  it('that is cancelled begins nothing more, and keeps what was made', async () => {
    const client = await start()
    const { id } = await handIn(
      client,
      await upload(
        client,
        Array.from({ length: 40 }, (_, index) => line(`l${index}`, drawing(`picture ${index}`))),
      ),
    )
    const cancelled = await client.batches.cancel(id)
    expect(['cancelling', 'cancelled']).toContain(cancelled.status)
    const batch = await end(client, id)
    expect(batch.status).toBe('cancelled')
    const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {}
    expect(completed + failed).toBe(total)
    if (failed > 0)
      expect(await linesOf(client, batch.error_file_id)).toContainEqual(
        expect.objectContaining({ error: { code: 'batch_cancelled', message: expect.any(String) } }),
      )
    expect(await gateway.requests()).toHaveLength(completed)
  })

  it('asks again what failed at no cost, and never what may have been paid for', async () => {
    double = await startProviderDouble()
    const client = await start({
      sandbox: { enabled: 'never' },
      providers: { one: { ...compatibleProvider(double), retries: 0 } },
    })
    double.script({ status: 503, times: 2 })
    const { id } = await handIn(client, await upload(client, [line('a', { prompt: 'a hill' })]))
    const batch = await end(client, id)
    expect(batch.request_counts).toEqual({ total: 1, completed: 1, failed: 0 })
    expect([double.calls.length, double.billed.length]).toEqual([3, 1])
    double.script({ fault: 'reset_after' })
    const lost = await end(client, (await handIn(client, await upload(client, [line('b', { prompt: 'a lake' })]))).id)
    expect(lost.request_counts).toEqual({ total: 1, completed: 0, failed: 1 })
    expect(double.billed).toHaveLength(2)
  })
})

describe('another key', () => {
  it('sees neither files nor batches', async () => {
    const client = await start()
    const fileId = await upload(client, [line('a', drawing('x'))])
    const { id } = await handIn(client, fileId)
    const other = clientOf((await gateway.createKey()).secret)
    for (const asked of [
      () => other.files.retrieve(fileId),
      () => other.files.content(fileId),
      () => other.files.delete(fileId),
      () => other.batches.retrieve(id),
      () => other.batches.cancel(id),
      () => handIn(other, fileId),
    ])
      await expect(asked()).rejects.toMatchObject({ status: 404 })
    expect((await other.files.list()).data).toEqual([])
    expect((await other.batches.list()).data).toEqual([])
    await end(client, id)
  })
})

it('a file goes when it is deleted, but not while a batch reads it', async () => {
  const client = await start()
  const fileId = await upload(client, [line('a', drawing('x'))])
  expect(await (await client.files.content(fileId)).text()).toContain('custom_id')
  expect((await client.files.list()).data).toMatchObject([{ id: fileId, purpose: 'batch', filename: 'in.jsonl' }])
  await end(client, (await handIn(client, fileId)).id)
  expect(await client.files.delete(fileId)).toMatchObject({ id: fileId, deleted: true })
  await expect(client.files.retrieve(fileId)).rejects.toMatchObject({ status: 404 })
})

it('the same call twice makes one batch: by its idempotency key, and by what the client says of its own retry', async () => {
  const client = await start()
  const fileId = await upload(client, [line('a', drawing('x'))])
  const body = { input_file_id: fileId, endpoint: '/v1/images/generations', completion_window: '24h' }
  const create = (headers: Record<string, string>) => gateway.call<{ id: string }>('/v1/batches', { body, headers })
  const first = await create({ 'idempotency-key': 'one' })
  const again = await create({ 'idempotency-key': 'one' })
  const retried = await create({ 'x-stainless-retry-count': '1' })
  expect([again.body.id, retried.body.id]).toEqual([first.body.id, first.body.id])
  const other = await create({ 'idempotency-key': 'two' })
  expect(other.body.id).not.toBe(first.body.id)
  await Promise.all([end(client, first.body.id), end(client, other.body.id)])
})

it('a batch whose file is damaged on the disk does not keep the others waiting', async () => {
  const client = await start()
  const lines = [line('a', drawing('x'))]
  // Too large for the database of small blobs, and in no other file.
  const damaged = await upload(client, [
    line('big', drawing('y'.repeat(30_000))),
    ...Array.from({ length: 9 }, (_, i) => line(`l${i}`, drawing(`${i}`.repeat(9_000)))),
  ])
  const blobs = join(gateway.folder, 'data', 'blobs')
  const large = (await readdir(blobs, { recursive: true })).filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{64}$/.test(name))
  expect(large).toHaveLength(1)
  const path = join(blobs, large[0] ?? '')
  await rm(path)
  await mkdir(path)
  const { id: stuck } = await handIn(client, damaged)
  const batch = await end(client, (await handIn(client, await upload(client, lines))).id)
  expect(batch.status).toBe('completed')
  expect((await client.batches.retrieve(stuck)).status).toBe('validating')
})

it('a project that keeps no images takes no files, and says why', async () => {
  await start()
  await gateway.call('/v1/halftone/projects/brief', { method: 'PUT', body: { name: 'brief', asset_ttl_days: 0 } })
  const client = clientOf((await gateway.createKey({ project_id: 'brief' })).secret)
  await expect(upload(client, [line('a', drawing('x'))])).rejects.toMatchObject({
    status: 400,
    code: 'invalid_value',
    param: 'file',
  })
})

it('what a project does not keep of its prompts is gone with the end of the batch', async () => {
  await start()
  await gateway.call('/v1/halftone/projects/silent', { method: 'PUT', body: { name: 'silent', prompt_mode: 'none' } })
  const client = clientOf((await gateway.createKey({ project_id: 'silent' })).secret)
  const fileId = await upload(client, [line('a', drawing('a secret garden'))])
  const batch = await end(client, (await handIn(client, fileId)).id)
  expect(await linesOf(client, batch.output_file_id)).toHaveLength(1)
  await expect(client.files.content(fileId)).rejects.toMatchObject({ status: 404 })
})

it('lines that were under way when a node was killed: the next says so, does the rest, and pays for none twice', async () => {
  double = await startProviderDouble()
  const node = await startKillableNode({ providers: { one: compatibleProvider(double) } })
  const before = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${node.url}/v1` })
  double.script({ delayMs: 60_000 })
  const lines = Array.from({ length: 30 }, (_, index) => line(`l${index}`, { model: 'acme/painter', prompt: `a hill ${index}` }))
  const { id } = await handIn(before, await upload(before, lines))
  await expect.poll(() => double?.waiting, { timeout: 30_000 }).toBeGreaterThan(0)
  await node.kill()
  double.script({})
  const next = await node.startAgain()
  const client = new OpenAI({ apiKey: ADMIN_KEY, baseURL: `${next.url}/v1` })
  const batch = await end(client, id)
  const { completed = 0, failed = 0 } = batch.request_counts ?? {}
  expect([batch.status, completed + failed, failed > 0]).toEqual(['completed', 30, true])
  for (const { response } of await linesOf(client, batch.error_file_id)) expect(response?.body.error?.code).toBe('internal_error')
  const prompts = double.calls.map(({ fields }) => fields['prompt'])
  expect(new Set(prompts).size).toBe(prompts.length)
}, 120_000)
