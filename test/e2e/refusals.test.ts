/** A refused picture costs what the provider says it cost, all the way to the ledger. */
import { afterEach, expect, it } from 'vitest'
import { startXai, type XaiDouble, xaiKey } from '../support/doubles/xai.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let double: XaiDouble | undefined
let gateway: TestGateway | undefined
afterEach(async () => {
  await gateway?.close()
  await double?.close()
})

it('pictures that fail moderation are refused once, and charged as reported rather than as listed', async () => {
  double = await startXai()
  gateway = await startTestGateway({
    config: { providers: { xai: { baseUrl: `${double.origin}/v1`, apiKey: xaiKey, type: 'xai' } } },
  })
  double.moderate(2)
  double.discount(0.5)
  const body = { model: 'xai/grok-imagine-image-2.0', prompt: 'a red kite', n: 2, quality: 'low' }
  const answer = await gateway.call<{ readonly error: { readonly code: string } }>('/v1/images/generations', { body })
  expect([answer.status, answer.body.error.code]).toEqual([400, 'content_refused'])
  const attempts = await gateway.attempts()
  // Two at $0.04 are listed; the answer says half of that.
  expect(attempts).toMatchObject([
    { outcome: 'refused', billed: 'yes', charges: [{ amount_usd: '0.04', provenance: 'reported' }] },
  ])
  expect(double.calls).toHaveLength(1)
})
