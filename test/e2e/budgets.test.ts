/** Soft budgets and alerts, over real sockets. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BudgetWire } from '../../src/contract/admin.ts'
import { checkLedger, compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const SECRET = 'a secret of the receiver'

let double: ProviderDouble
let gateway: TestGateway
let receiver: Server
let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[]
let statuses: number[]

beforeEach(async () => {
  double = await startProviderDouble()
  received = []
  statuses = []
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += String(chunk)
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      response.writeHead(statuses.shift() ?? 204).end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await checkLedger(gateway, { doubles: { double } })
  await gateway.close()
  await double.close()
  await new Promise((resolve) => receiver.close(resolve))
})

const hook = () => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/budgets`
const start = async (budgets: readonly object[], more: object = {}, startsAt?: Date) => {
  const models = [{ model: 'acme/painter', ...doubleCapabilities }]
  const providers = { double: compatibleProvider(double, { retries: 0, models }) }
  const config = { providers, budgets, network: { allowPrivateHosts: ['127.0.0.1'] }, ...more }
  gateway = await startTestGateway({ config, alertsEveryMs: 20, ...(startsAt && { startsAt }) })
}
interface Made {
  readonly halftone: {
    readonly request_id: string
    readonly offer: string
    readonly warnings: readonly { readonly code: string }[]
  }
}
const generate = (body: object = {}) =>
  gateway.call<Made>('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'a red fox', ...body } })
const types = () =>
  received.map(({ body }) => {
    const { type, data } = JSON.parse(body) as { type: string; data: { budget_id: string; threshold_percent: number | null } }
    return `${data.budget_id} ${type} ${data.threshold_percent ?? ''}`.trim()
  })
const until = async (condition: () => boolean): Promise<void> => {
  const deadline = Date.now() + 15_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain; received ${JSON.stringify(types())}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const refresh = () =>
  gateway.call('/v1/halftone/budgets/other', {
    method: 'PUT',
    body: { scope: 'global', period: 'total', limit_usd: '1000', hard: false },
  })

describe('a soft budget', () => {
  it('warns in body, header and receipt from the call on that passes it, and refuses nothing', async () => {
    await start([{ id: 'soft', period: 'total', limitUsd: 0.06, hard: false }])
    const first = await generate()
    expect(first.body.halftone.warnings).toEqual([])
    const second = await generate()
    expect([second.status, second.headers.get('x-halftone-warnings')]).toEqual([200, 'soft_budget_reached'])
    expect(second.body.halftone.warnings).toMatchObject([{ code: 'soft_budget_reached' }])
    const receipt = await gateway.receipt(second.body.halftone.request_id)
    expect(receipt.warnings).toMatchObject([{ code: 'soft_budget_reached', message: expect.stringContaining('"soft"') }])
    const third = await generate({ n: 2 })
    expect(third.status).toBe(200)
  })

  it('is kept to with what is cheaper within the floor, where the route says so', async () => {
    const other = await startProviderDouble()
    const models = (name: string) => [{ model: name, ...doubleCapabilities }]
    await start([{ id: 'soft', period: 'total', limitUsd: 0.1, hard: false }], {
      providers: {
        dear: compatibleProvider(double, { retries: 0, models: models('acme/painter'), perImage: '0.08' }),
        cheap: compatibleProvider(other, { retries: 0, models: models('acme/painter'), perImage: '0.01' }),
      },
      routes: {
        dearest: { objective: 'priority', order: ['dear', 'cheap'], onSoftBudget: 'cheaper' },
        stubborn: { objective: 'priority', order: ['dear', 'cheap'] },
      },
    })
    try {
      const offers = []
      for (const model of ['dearest', 'dearest', 'dearest', 'stubborn']) {
        const { body } = await generate({ model })
        offers.push([body.halftone.offer.split(':')[0], ...body.halftone.warnings.map(({ code }) => code)])
      }
      expect(offers).toEqual([
        ['dear'],
        ['dear', 'soft_budget_reached'],
        ['cheap', 'soft_budget_cheaper', 'soft_budget_reached'],
        ['dear', 'soft_budget_reached'],
      ])
    } finally {
      await gateway.settled()
      double.reset()
      await other.close()
      // The invariant of the doubles counts one provider alone.
      await gateway.close()
      await start([])
    }
  })
})

describe('alerts', () => {
  it('each threshold is told once, signed; a refusal counts as the whole', async () => {
    await start([{ id: 'hard', period: 'total', limitUsd: 0.1 }], { alerts: { webhooks: [{ url: hook(), secret: SECRET }] } })
    await generate()
    expect((await generate()).status).toBe(200)
    expect((await generate()).status).toBe(429)
    await refresh()
    await until(() => received.length >= 3)
    await generate()
    await refresh()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(types().sort()).toEqual(['hard budget.threshold 100', 'hard budget.threshold 50', 'hard budget.threshold 80'])
    for (const { headers, body } of received) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
      expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`)
      expect(Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp']))).toBeLessThan(60)
    }
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
  })

  it('a limit that will be passed at the pace so far is told before it is, once, signed', async () => {
    // A quarter of November is over: 0.04 a week and a half makes 0.16 a month.
    await start(
      [{ id: 'paced', period: 'month', limitUsd: 0.1 }],
      { alerts: { webhooks: [{ url: hook(), secret: SECRET }] } },
      new Date('2027-11-08T12:00:00Z'),
    )
    await generate()
    await refresh()
    await until(() => received.length >= 1)
    await refresh()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(types()).toEqual(['paced budget.forecast'])
    const [{ headers, body } = { headers: {}, body: '' }] = received
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`)
    expect(JSON.parse(body)).toMatchObject({
      type: 'budget.forecast',
      data: { used_usd: '0.04', limit_usd: '0.10', threshold_percent: null, forecast_method: 'linear_pace' },
    })
    const { forecast_usd, breach_at } = (JSON.parse(body) as { data: { forecast_usd: string; breach_at: string } }).data
    expect(Number(forecast_usd)).toBeCloseTo(0.16, 3)
    expect(breach_at.slice(0, 10)).toBe('2027-11-19')
  })

  it('the list shows use and forecast', async () => {
    await start([{ id: 'hard', period: 'month', limitUsd: 0.1 }])
    await generate()
    const { body } = await gateway.call<{ data: BudgetWire[] }>('/v1/halftone/budgets')
    expect(body.data).toMatchObject([{ id: 'hard', used_share: 0.4, spent_usd: '0.04' }])
  })
})
