/** What nobody knew, and what an invoice says about it: by API, and by the command line from an exported bill. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { UnknownAttemptWire } from '../../src/contract/reconcile.ts'
import { runCli } from '../cli/run-cli.ts'
import { compatibleProvider, PRICE, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
beforeEach(async () => {
  double = await startProviderDouble()
  const providers = { double: compatibleProvider(double, { retries: 0 }) }
  gateway = await startTestGateway({ config: { providers }, env: { HALFTONE_MAX_USD_PER_DAY: '0.05' } })
  double.enqueue({ fault: 'reset_after' })
  expect((await generate()).status).toBe(502)
})
afterEach(async () => {
  await gateway.close()
  await double.close()
})

const generate = () => gateway.call('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'a red fox' } })
const unknown = async () => (await gateway.call<{ data: UnknownAttemptWire[] }>('/v1/halftone/attempts/unknown')).body.data
const reconcile = (id: string, body: object) => gateway.call(`/v1/halftone/attempts/${id}/reconcile`, { method: 'POST', body })

describe('an attempt of unknown outcome', () => {
  it('is listed with what it counts', async () => {
    expect(await unknown()).toMatchObject([{ provisional_usd: PRICE, offer: 'double:acme/painter', provider_request_id: null }])
  })

  it('that was not billed gives its money back, and the budget has room again', async () => {
    const [attempt] = await unknown()
    const answer = await reconcile(attempt?.id ?? '', { evidence_id: 'none', source: 'invoice 11', amount_usd: '0' })
    expect(answer.body).toMatchObject({ was_usd: PRICE, is_usd: '0.00' })
    expect(await unknown()).toEqual([])
    expect((await generate()).status).toBe(200)
  })

  it('that was billed otherwise is charged so, as invoiced; the same evidence counts once, better evidence later corrects it', async () => {
    const [attempt] = await unknown()
    const id = attempt?.id ?? ''
    const first = { evidence_id: 'line 3', source: 'invoice 11', amount_usd: '0.031' }
    await reconcile(id, first)
    expect((await reconcile(id, first)).body).toMatchObject({ was_usd: '0.031', is_usd: '0.031' })
    expect((await reconcile(id, { ...first, evidence_id: 'line 4', amount_usd: '0.029' })).body).toMatchObject({
      is_usd: '0.029',
    })
    const receipt = await gateway.receipt(attempt?.request_id ?? '')
    expect(receipt).toMatchObject({ total_usd: '0.029', cost_status: 'final' })
    const audit = await gateway.call<{ data: { action: string; data: object }[] }>('/v1/halftone/audit?action=attempt')
    expect(audit.body.data[0]).toMatchObject({ action: 'attempt.reconcile', data: { evidence_id: 'line 4', is_usd: '0.029' } })
  })

  it.each([
    ['an attempt nobody knows', 'nobody', { evidence_id: 'x', source: 'y', amount_usd: '1' }, 404],
    ['a negative amount', undefined, { evidence_id: 'x', source: 'y', amount_usd: '-1' }, 400],
    ['evidence without a name', undefined, { source: 'y', amount_usd: '1' }, 400],
  ])('refuses %s', async (_, id, body, status) => {
    const [attempt] = await unknown()
    expect((await reconcile(id ?? attempt?.id ?? '', body)).status).toBe(status)
    expect(await unknown()).toHaveLength(1)
  })
})

describe('halftone reconcile', () => {
  let cwd: string
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'halftone-reconcile-'))
  })
  afterEach(() => rm(cwd, { recursive: true }))
  const run = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await runCli(['reconcile', '--url', gateway.url, '--key', gateway.adminKey, ...args], {
      cwd,
    })
    return { code, text: stdout + stderr }
  }

  it('lists, takes evidence, and then there is nothing left', async () => {
    const [attempt] = await unknown()
    expect((await run([])).text).toContain(attempt?.id)
    expect(await run([attempt?.id ?? '', '--not-billed'])).toMatchObject({ code: 2, text: expect.stringContaining('--evidence') })
    const done = await run([attempt?.id ?? '', '--not-billed', '--evidence', 'statement of October'])
    expect(done).toMatchObject({ code: 0, text: expect.stringContaining('now $0.00 is') })
    expect((await run([])).text).toContain('No attempt is unknown')
  })

  it('an attempt that no line of the bill names stays unknown', async () => {
    const event = {
      request_id: 'somebody-else',
      endpoint_id: 'fal-ai/flux',
      timestamp: '2026-10-05T00:00:08Z',
      cost_total: 0.045,
    }
    await writeFile(join(cwd, 'events.json'), JSON.stringify({ billing_events: [event] }))
    expect((await run(['--bill', 'fal=events.json'])).text).toContain('0 attempts found in the bill; 1 still unknown')
    expect(await run(['--bill', 'paper=events.json'])).toMatchObject({ code: 2 })
  })
})
