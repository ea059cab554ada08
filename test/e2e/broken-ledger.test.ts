/** A ledger that stumbles while a request runs: what was paid for is still given out, and nothing is kept that nobody needs. */
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
beforeAll(async () => {
  double = await startProviderDouble()
})
afterAll(() => double.close())
afterEach(async () => {
  await gateway.close()
  double.reset()
})

const model = 'acme/painter'

async function start(more: object = {}): Promise<void> {
  const models = [{ model, ...doubleCapabilities, sizes: ['1024x1024'] }]
  gateway = await startTestGateway({
    config: { providers: { painter: compatibleProvider(double, { models, retries: 0 }) }, ...more },
  })
}

/** From now on the ledger refuses to write such rows. */
function breakLedger(when: string): void {
  const db = new DatabaseSync(join(gateway.folder, 'data', 'ledger.db'))
  db.exec(`CREATE TRIGGER trouble BEFORE ${when} BEGIN SELECT RAISE(ABORT, 'disk trouble'); END`)
  db.close()
}

interface Made {
  readonly data: readonly { readonly b64_json: string }[]
  readonly halftone: { readonly cost_usd: string; readonly warnings: readonly { readonly code: string }[] }
}
const small = { model, prompt: 'a red fox', size: '500x400', halftone: { fit: 'cover' } }

it('a step of this machine that cannot be held leaves the picture as it was made', async () => {
  await start({ steps: { price: { perPicture: '0.002' } } })
  breakLedger("INSERT ON attempts WHEN NEW.kind = 'step'")
  const { status, body } = await gateway.call<Made>('/v1/images/generations', { body: small })
  expect([status, body.data?.length, body.halftone?.cost_usd]).toEqual([200, 1, '0.04'])
  expect(body.halftone.warnings.map(({ code }) => code)).toContain('finishing_failed')
  await gateway.settled()
})
