/** A node that is killed while three jobs of one request run: the next start polls all of them, and the request ends once, with every picture. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import type { Receipt, RequestRecordWire, RequestSummaryWire } from '../../src/contract/records.ts'
import { type BflScript, bflKey, startBfl } from '../support/doubles/black-forest-labs.ts'
import { ADMIN_KEY } from '../support/gateway.ts'
import { killableEnv, startKillableNode } from '../support/killable-node.ts'

const authorization = `Bearer ${ADMIN_KEY}`

it('each knows what those before it have brought: all are paid once, and nothing stays held', async () => {
  const script: { -readonly [Key in keyof BflScript]: BflScript[Key] } = { ending: 'Pending' }
  const bfl = await startBfl(script)
  const folder = await mkdtemp(join(tmpdir(), 'halftone-jobs-'))
  const env = killableEnv(folder)
  try {
    const config = {
      providers: { bfl: { type: 'black-forest-labs', baseUrl: `${bfl.origin}/v1`, apiKey: bflKey, retries: 0 } },
      network: { allowPrivateHosts: ['127.0.0.1'] },
    }
    await writeFile(join(folder, 'halftone.yaml'), JSON.stringify(config))
    const { node, url } = await startKillableNode(folder)
    const cut = fetch(`${url}/v1/images/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: JSON.stringify({ model: 'black-forest-labs/flux.2-pro', prompt: 'a red fox', n: 3, size: '1024x1024' }),
    }).catch(() => undefined)
    // A job is in the ledger before it is asked about.
    const asked = () => new Set(bfl.calls.flatMap(({ path, query }) => (path === '/v1/get_result' ? [query.get('id')] : []))).size
    await expect.poll(asked, { timeout: 30_000 }).toBe(3)
    node.kill('SIGKILL')
    await cut

    script.ending = 'Ready'
    const next = await startHalftone({ env, cwd: folder })
    const read = async <T>(path: string): Promise<T> =>
      (await (await fetch(`${next.url}${path}`, { headers: { authorization } })).json()) as T
    try {
      const newest = async () => (await read<{ data: RequestSummaryWire[] }>('/v1/halftone/requests')).data[0]
      await expect.poll(async () => (await newest())?.finished_at ?? null, { timeout: 30_000 }).not.toBeNull()
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
    } finally {
      await next.close()
    }
  } finally {
    await bfl.close()
    await rm(folder, { recursive: true, force: true })
  }
}, 120_000)
