/** OpenAI's batch lane behind the gateway: who is sent there, and what a node leaves that is killed while it asks for a batch. */
import OpenAI, { toFile } from 'openai'
import { expect, it, onTestFinished } from 'vitest'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import type { Receipt } from '../../src/contract/records.ts'
import { type OpenaiDouble, type OpenaiScript, openaiKey, startOpenai } from '../support/doubles/openai.ts'
import { ADMIN_KEY, startTestGateway } from '../support/gateway.ts'
import { askForImages, startKillableNode } from '../support/killable-node.ts'

/** Of an account at OpenAI, and more. */
const configOf = ({ origin }: OpenaiDouble, more: object = {}): object => ({
  providers: { openai: { baseUrl: `${origin}/v1`, apiKey: openaiKey, retries: 0 } },
  network: { allowPrivateHosts: ['127.0.0.1'] },
  ...more,
})

it('lines of a batch are bought there at half the price; a request that waits is not', async () => {
  const openai = await startOpenai({ isAtOnce: true })
  const gateway = await startTestGateway({ config: configOf(openai, { routes: { shop: { models: ['openai/gpt-image-2'] } } }) })
  const client = new OpenAI({ apiKey: ADMIN_KEY, baseURL: gateway.baseUrl })
  try {
    const body = { model: 'shop', prompt: 'a red fox', size: '1024x1024', quality: 'medium' }
    const { body: quote } = await gateway.call<QuoteResponse>('/v1/halftone/quote', { body })
    const eligible = quote.candidates.filter((candidate) => candidate.eligible).map(({ offer }) => offer)
    expect(eligible).toEqual(['openai:openai/gpt-image-2'])
    const lines = ['a', 'b'].map((custom_id) =>
      JSON.stringify({ custom_id, method: 'POST', url: '/v1/images/generations', body }),
    )
    const file = await client.files.create({ file: await toFile(Buffer.from(lines.join('\n')), 'in.jsonl'), purpose: 'batch' })
    const { id } = await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/images/generations',
      completion_window: '24h',
    })
    const state = async () => (await client.batches.retrieve(id)).status
    await expect.poll(state, { timeout: 120_000, interval: 500 }).toBe('completed')
    const batch = await client.batches.retrieve(id)
    expect(batch).toMatchObject({ request_counts: { total: 2, completed: 2, failed: 0 }, halftone: { cost_usd: '0.031745' } })
    const answers = await (await client.files.content(batch.output_file_id ?? '')).text()
    expect(answers.match(/openai:openai\/gpt-image-2\+batch/g)?.length).toBeGreaterThanOrEqual(2)
    expect(openai.batches.size).toBe(2)
  } finally {
    await gateway.close()
    await openai.close()
  }
}, 240_000)

/** What the next start makes of a request whose batch was being created. */
async function killedWhileCreating(creation: 'done' | 'undone') {
  const script: { -readonly [Key in keyof OpenaiScript]: OpenaiScript[Key] } = { creation, isAtOnce: true }
  const openai = await startOpenai(script)
  onTestFinished(() => openai.close())
  const node = await startKillableNode(configOf(openai))
  const body = { model: 'openai:openai/gpt-image-2+batch', prompt: 'a red fox', size: '1024x1024' }
  const cut = askForImages(node.url, body).catch(() => undefined)
  const isCreating = () => openai.calls.some(({ method, path }) => method === 'POST' && path === '/v1/batches')
  await expect.poll(isCreating, { timeout: 60_000 }).toBe(true)
  await node.kill()
  await cut

  delete script.creation
  const { close, newest, newestEnded, read } = await node.startAgain()
  await newestEnded(120_000)
  const request = await newest()
  const receipt = await read<Receipt>(`/v1/halftone/requests/${request?.id}/receipt`)
  const overview = await read<{ held_usd: string }>('/v1/halftone/overview')
  // What was handed in is tidied up beside the answer.
  await close()
  return { request, receipt, held: overview.held_usd, batches: openai.batches.size, files: openai.files.size }
}

it('a batch that was created is found, and its picture kept and paid for once, at half the price', async () => {
  const { request, receipt, held, batches, files } = await killedWhileCreating('done')
  expect(request).toMatchObject({ outcome: 'succeeded', images_returned: 1, attempts: 1 })
  // 13 tokens of text at $5 and 1,056 of picture at $30 a million, halved.
  expect(receipt.attempts).toMatchObject([{ state: 'settled', images_made: 1, total_usd: '0.0158725' }])
  expect([held, batches, files]).toEqual(['0.00', 1, 0])
}, 240_000)

it('a batch that was not created costs nothing, and nothing stays held', async () => {
  const { request, receipt, held, batches, files } = await killedWhileCreating('undone')
  expect(request).toMatchObject({ outcome: 'error', images_returned: 0, attempts: 1 })
  expect(receipt).toMatchObject({ total_usd: '0.00', attempts: [{ billed: 'no' }] })
  expect([held, batches, files]).toEqual(['0.00', 0, 0])
}, 240_000)
