/** A node that is killed while a call and its hedge are under way: the next start knows both, and nothing stays held. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import type { Receipt, RequestSummaryWire } from '../../src/contract/records.ts'
import { ADMIN_KEY, compatibleProvider, doubleCapabilities } from '../support/gateway.ts'
import { killableEnv, startKillableNode } from '../support/killable-node.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const perImage = '0.0001'
const authorization = `Bearer ${ADMIN_KEY}`

const configOf = (slow: ProviderDouble, quick: ProviderDouble): string => {
  const models = [{ model: 'acme/painter', ...doubleCapabilities }]
  return JSON.stringify({
    providers: {
      slow: compatibleProvider(slow, { models, perImage, retries: 0 }),
      quick: compatibleProvider(quick, { models, perImage, retries: 0 }),
    },
    routes: {
      swift: { objective: 'priority', order: ['slow'], deadlineClass: 'realtime', hedge: { afterMs: 200, maxShare: 1 } },
    },
  })
}

const generate = (url: string, model: string): Promise<Response> =>
  fetch(`${url}/v1/images/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ model, prompt: 'a red fox' }),
  })

it('both are of unknown outcome, each with its provisional charge, and nothing is held', async () => {
  const [slow, quick] = await Promise.all([startProviderDouble(), startProviderDouble()])
  const folder = await mkdtemp(join(tmpdir(), 'halftone-hedge-'))
  const env = killableEnv(folder)
  try {
    await writeFile(join(folder, 'halftone.yaml'), configOf(slow, quick))
    const { node, url } = await startKillableNode(folder)
    await generate(url, 'quick:acme/painter')
    for (const double of [slow, quick]) double.script({ delayMs: 60_000 })
    const cut = generate(url, 'swift').catch(() => undefined)
    await expect.poll(() => [slow.waiting, quick.waiting], { timeout: 20_000 }).toEqual([1, 1])
    node.kill('SIGKILL')
    await cut

    const next = await startHalftone({ env, cwd: folder })
    try {
      const read = async <T>(path: string): Promise<T> =>
        (await (await fetch(`${next.url}${path}`, { headers: { authorization } })).json()) as T
      const { data } = await read<{ data: RequestSummaryWire[] }>('/v1/halftone/requests')
      const hedged = data.find(({ route }) => route === 'swift')
      const receipt = await read<Receipt>(`/v1/halftone/requests/${hedged?.id}/receipt`)
      expect(receipt.attempts.map(({ kind, state, total_usd }) => [kind, state, total_usd])).toEqual([
        ['primary', 'unknown', perImage],
        ['hedge', 'unknown', perImage],
      ])
      expect(await read('/v1/halftone/overview')).toMatchObject({ held_usd: '0.00' })
    } finally {
      await next.close()
    }
  } finally {
    await Promise.all([slow.close(), quick.close()])
    await rm(folder, { recursive: true, force: true })
  }
}, 90_000)
