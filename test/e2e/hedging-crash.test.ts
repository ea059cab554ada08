/** A node that is killed while a call and its hedge are under way: the next start knows both, and nothing stays held. */
import { expect, it, onTestFinished } from 'vitest'
import type { Receipt, RequestSummaryWire } from '../../src/contract/records.ts'
import { compatibleProvider, doubleCapabilities } from '../support/gateway.ts'
import { askForImages, startKillableNode } from '../support/killable-node.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const perImage = '0.0001'

const configOf = (slow: ProviderDouble, quick: ProviderDouble): object => {
  const models = [{ model: 'acme/painter', ...doubleCapabilities }]
  return {
    providers: {
      slow: compatibleProvider(slow, { models, perImage, retries: 0 }),
      quick: compatibleProvider(quick, { models, perImage, retries: 0 }),
    },
    routes: {
      swift: { objective: 'priority', order: ['slow'], deadlineClass: 'realtime', hedge: { afterMs: 200, maxShare: 1 } },
    },
  }
}

const generate = (url: string, model: string): Promise<Response> => askForImages(url, { model, prompt: 'a red fox' })

it('both are of unknown outcome, each with its provisional charge, and nothing is held', async () => {
  const [slow, quick] = await Promise.all([startProviderDouble(), startProviderDouble()])
  for (const double of [slow, quick]) onTestFinished(() => double.close())
  const node = await startKillableNode(configOf(slow, quick))
  await generate(node.url, 'quick:acme/painter')
  for (const double of [slow, quick]) double.script({ delayMs: 60_000 })
  const cut = generate(node.url, 'swift').catch(() => undefined)
  await expect.poll(() => [slow.waiting, quick.waiting], { timeout: 20_000 }).toEqual([1, 1])
  await node.kill()
  await cut

  const { read } = await node.startAgain()
  const { data } = await read<{ data: RequestSummaryWire[] }>('/v1/halftone/requests')
  const hedged = data.find(({ route }) => route === 'swift')
  const receipt = await read<Receipt>(`/v1/halftone/requests/${hedged?.id}/receipt`)
  expect(receipt.attempts.map(({ kind, state, total_usd }) => [kind, state, total_usd])).toEqual([
    ['primary', 'unknown', perImage],
    ['hedge', 'unknown', perImage],
  ])
  expect(await read('/v1/halftone/overview')).toMatchObject({ held_usd: '0.00' })
}, 90_000)
