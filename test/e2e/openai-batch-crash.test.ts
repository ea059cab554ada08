/** A node that is killed while OpenAI is asked to create a batch: the next start looks for it, and pays for what is there, once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import type { Receipt, RequestSummaryWire } from '../../src/contract/records.ts'
import { type OpenaiScript, openaiKey, startOpenai } from '../support/doubles/openai.ts'
import { ADMIN_KEY } from '../support/gateway.ts'
import { killableEnv, startKillableNode } from '../support/killable-node.ts'

const authorization = `Bearer ${ADMIN_KEY}`

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
    await expect.poll(isCreating, { timeout: 60_000 }).toBe(true)
    node.kill('SIGKILL')
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

it.concurrent('a batch that was created is found, and its picture kept and paid for once, at half the price', async () => {
  const { request, receipt, held, batches, files } = await killedWhileCreating('done')
  expect(request).toMatchObject({ outcome: 'succeeded', images_returned: 1, attempts: 1 })
  // 13 tokens of text at $5 and 1,056 of picture at $30 a million, halved.
  expect(receipt.attempts).toMatchObject([{ state: 'settled', images_made: 1, total_usd: '0.0158725' }])
  expect([held, batches, files()]).toEqual(['0.00', 1, 0])
}, 240_000)

it.concurrent('a batch that was not created costs nothing, and nothing stays held', async () => {
  const { request, receipt, held, batches, files } = await killedWhileCreating('undone')
  expect(request).toMatchObject({ outcome: 'error', images_returned: 0, attempts: 1 })
  expect(receipt).toMatchObject({ total_usd: '0.00', attempts: [{ billed: 'no' }] })
  expect([held, batches, files()]).toEqual(['0.00', 0, 0])
}, 240_000)
