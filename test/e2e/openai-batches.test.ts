/** OpenAI's batch lane behind the gateway: who is sent there, and what a node leaves that is killed while it asks for a batch. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI, { toFile } from 'openai'
import { expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import type { Receipt, RequestSummaryWire } from '../../src/contract/records.ts'
import { type OpenaiScript, openaiKey, startOpenai } from '../support/doubles/openai.ts'
import { ADMIN_KEY, startTestGateway } from '../support/gateway.ts'
import { killableEnv, startKillableNode } from '../support/killable-node.ts'

const authorization = `Bearer ${ADMIN_KEY}`

it('lines of a batch are bought there at half the price; a request that waits is not', async () => {
  const openai = await startOpenai({ isAtOnce: true })
  const config = {
    providers: { openai: { baseUrl: `${openai.origin}/v1`, apiKey: openaiKey, retries: 0 } },
    routes: { shop: { models: ['openai/gpt-image-2'] } },
    network: { allowPrivateHosts: ['127.0.0.1'] },
  }
  const gateway = await startTestGateway({ config })
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
  const folder = await mkdtemp(join(tmpdir(), 'halftone-openai-batch-'))
  try {
    const config = {
      providers: { openai: { baseUrl: `${openai.origin}/v1`, apiKey: openaiKey, retries: 0 } },
      network: { allowPrivateHosts: ['127.0.0.1'] },
    }
    await writeFile(join(folder, 'halftone.yaml'), JSON.stringify(config))
    const { node, url } = await startKillableNode(folder)
    const cut = fetch(`${url}/v1/images/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ model: 'openai:openai/gpt-image-2+batch', prompt: 'a red fox', size: '1024x1024' }),
    }).catch(() => undefined)
    const isCreating = () => openai.calls.some(({ method, path }) => method === 'POST' && path === '/v1/batches')
    try {
      await expect.poll(isCreating, { timeout: 60_000 }).toBe(true)
    } finally {
      node.kill('SIGKILL')
    }
    await cut

    delete script.creation
    const next = await startHalftone({ env: killableEnv(folder), cwd: folder })
    const read = async <T>(path: string): Promise<T> =>
      (await (await fetch(`${next.url}${path}`, { headers: { authorization } })).json()) as T
    try {
      const newest = async () => (await read<{ data: RequestSummaryWire[] }>('/v1/halftone/requests')).data[0]
      await expect.poll(async () => (await newest())?.finished_at ?? null, { timeout: 120_000 }).not.toBeNull()
      const request = await newest()
      const receipt = await read<Receipt>(`/v1/halftone/requests/${request?.id}/receipt`)
      const overview = await read<{ held_usd: string }>('/v1/halftone/overview')
      return { request, receipt, held: overview.held_usd, batches: openai.batches.size, files: () => openai.files.size }
    } finally {
      await next.close()
    }
  } finally {
    await openai.close()
    await rm(folder, { recursive: true, force: true })
  }
}

it('a batch that was created is found, and its picture kept and paid for once, at half the price', async () => {
  const { request, receipt, held, batches, files } = await killedWhileCreating('done')
  expect(request).toMatchObject({ outcome: 'succeeded', images_returned: 1, attempts: 1 })
  // 13 tokens of text at $5 and 1,056 of picture at $30 a million, halved.
  expect(receipt.attempts).toMatchObject([{ state: 'settled', images_made: 1, total_usd: '0.0158725' }])
  expect([held, batches, files()]).toEqual(['0.00', 1, 0])
}, 240_000)

it('a batch that was not created costs nothing, and nothing stays held', async () => {
  const { request, receipt, held, batches, files } = await killedWhileCreating('undone')
  expect(request).toMatchObject({ outcome: 'error', images_returned: 0, attempts: 1 })
  expect(receipt).toMatchObject({ total_usd: '0.00', attempts: [{ billed: 'no' }] })
  expect([held, batches, files()]).toEqual(['0.00', 0, 0])
}, 240_000)
