/** A slow and a quick provider behind one route that hedges: who answers, who is paid, and that nothing stays held. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import {
  type Answer,
  checkLedger,
  compatibleProvider,
  doubleCapabilities,
  startTestGateway,
  type TestGateway,
} from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

/** So little that a fraction of a second of lateness is worth it. */
const perImage = '0.0001'
const hedge = { afterMs: 200, maxShare: 1 }

let slow: ProviderDouble
let quick: ProviderDouble
let gateway: TestGateway

beforeAll(async () => {
  ;[slow, quick] = await Promise.all([startProviderDouble(), startProviderDouble()])
})
afterAll(async () => {
  await Promise.all([slow?.close(), quick?.close()])
})

const route = (changes: object = {}): object => ({
  models: ['acme/painter'],
  objective: 'priority',
  order: ['slow'],
  deadlineClass: 'realtime',
  hedge,
  ...changes,
})

beforeEach(async () => {
  const painter = { model: 'acme/painter', ...doubleCapabilities }
  const models = [painter]
  gateway = await startTestGateway({
    config: {
      providers: {
        slow: compatibleProvider(slow, {
          models: [painter, { ...painter, model: 'acme/stoppable', cancelStopsBilling: true }],
          perImage,
          retries: 0,
        }),
        quick: compatibleProvider(quick, { models, perImage, retries: 0 }),
      },
      routes: {
        swift: route(),
        patient: { ...route(), hedge: undefined },
        rarely: route({ hedge: { ...hedge, maxShare: 0.5 } }),
        stoppable: route({ models: ['acme/painter', 'acme/stoppable'], order: ['slow:acme/stoppable', 'quick'] }),
      },
    },
  })
  // What a second call saves follows from how long its offer usually takes.
  await generate({ model: 'quick:acme/painter' })
})
afterEach(async () => {
  try {
    await checkLedger(gateway, { doubles: { slow, quick }, perImage })
  } finally {
    await gateway.close()
    for (const double of [slow, quick]) double.reset()
  }
})

interface Body {
  readonly data: readonly unknown[]
  readonly error: { readonly code: string; readonly request_id: string }
  readonly halftone: { readonly request_id: string; readonly warnings: { readonly code: string }[]; readonly attempts: number }
}

const generate = (body: object = {}, headers: Record<string, string> = {}): Promise<Answer<Body>> =>
  gateway.call<Body>('/v1/images/generations', { body: { model: 'swift', prompt: 'a red fox', ...body }, headers })
const attemptsOf = async (id: string): Promise<readonly (readonly string[])[]> =>
  (await gateway.receipt(id)).attempts.map(({ kind, offer, state, total_usd }) => [kind, offer, state, total_usd])
const maker = ({ headers }: Answer<Body>): string | null => headers.get('x-halftone-offer')

it('the second call answers while the first still runs; both are paid for, and the receipt says so', async () => {
  slow.script({ delayMs: 3_000 })
  const answer = await generate()
  expect([answer.status, maker(answer), slow.billed.length]).toEqual([200, 'quick:acme/painter', 0])
  expect(answer.headers.get('x-halftone-warnings')).toBe('hedged')
  // What still runs counts with what is held for it.
  expect(answer.headers.get('x-halftone-cost-status')).toBe('estimated')
  expect(answer.headers.get('x-halftone-cost-usd')).toBe('0.0002')
  expect(answer.headers.get('x-halftone-attempts')).toBe('2')
  await gateway.settled()
  const { request_id: id } = answer.body.halftone
  expect(await attemptsOf(id)).toEqual([
    ['primary', 'slow:acme/painter', 'settled', '0.0001'],
    ['hedge', 'quick:acme/painter', 'settled', '0.0001'],
  ])
  expect((await gateway.receipt(id)).total_usd).toBe('0.0002')
  expect(await gateway.record(id)).toMatchObject({ images_returned: 1, outcome: 'succeeded' })
  expect(slow.billed).toHaveLength(1)
}, 30_000)

it('the loser is aborted where that stops its bill, and costs nothing', async () => {
  slow.script({ delayMs: 5_000, isFreeWhenLeft: true })
  const answer = await generate({ model: 'stoppable' })
  expect(maker(answer)).toBe('quick:acme/painter')
  await gateway.settled()
  expect(slow.billed).toHaveLength(0)
  expect(await attemptsOf(answer.body.halftone.request_id)).toEqual([
    ['primary', 'slow:acme/stoppable', 'voided', '0.00'],
    ['hedge', 'quick:acme/painter', 'settled', '0.0001'],
  ])
}, 30_000)

it('the first call may still win, and then the hedge is the one that is thrown away', async () => {
  slow.script({ delayMs: 1_500 })
  quick.script({ delayMs: 4_000 })
  const answer = await generate()
  expect(maker(answer)).toBe('slow:acme/painter')
  await gateway.settled()
  expect((await attemptsOf(answer.body.halftone.request_id)).map(([kind, , state]) => [kind, state])).toEqual([
    ['primary', 'settled'],
    ['hedge', 'settled'],
  ])
}, 30_000)

it('a first call that fails while its hedge runs is not tried elsewhere: the hedge answers', async () => {
  slow.script({ delayMs: 1_000, status: 500, body: { error: { message: 'Oops.' } } })
  quick.script({ delayMs: 1_500 })
  const answer = await generate()
  expect([answer.status, maker(answer)]).toEqual([200, 'quick:acme/painter'])
  expect((await attemptsOf(answer.body.halftone.request_id)).map(([kind, , state]) => [kind, state])).toEqual([
    ['primary', 'voided'],
    ['hedge', 'settled'],
  ])
}, 30_000)

it('when both fail the client hears of it once, with nothing charged and nothing held', async () => {
  slow.script({ delayMs: 1_500, status: 500, body: { error: { message: 'Oops.' } } })
  quick.script({ status: 500, body: { error: { message: 'Oops.' } } })
  const answer = await generate()
  expect([answer.status, answer.body.error.code]).toEqual([502, 'provider_error'])
  expect((await gateway.receipt(answer.body.error.request_id)).total_usd).toBe('0.00')
}, 30_000)

it('without `hedge` a route waits for its one call', async () => {
  slow.script({ delayMs: 1_500 })
  const answer = await generate({ model: 'patient' })
  expect([maker(answer), answer.headers.get('x-halftone-attempts')]).toEqual(['slow:acme/painter', '1'])
}, 30_000)

it('no more than the share of a route’s requests is hedged', async () => {
  slow.script({ delayMs: 1_500 })
  const makers = [await generate({ model: 'rarely' }), await generate({ model: 'rarely' }), await generate({ model: 'rarely' })]
  expect(makers.map(maker)).toEqual(['slow:acme/painter', 'quick:acme/painter', 'slow:acme/painter'])
}, 30_000)

it('a hedge needs room in the cost limit and in every budget; without it the first call is waited for', async () => {
  slow.script({ delayMs: 1_500 })
  const limited = await generate({}, { 'x-halftone-max-cost-usd': '0.00015' })
  expect([limited.status, maker(limited)]).toEqual([200, 'slow:acme/painter'])
  const key = await gateway.createKey({ max_usd_per_day: '0.00015' })
  const { status, headers } = await gateway.call('/v1/images/generations', {
    body: { model: 'swift', prompt: 'a red fox' },
    key: key.secret,
  })
  expect([status, headers.get('x-halftone-offer')]).toEqual([200, 'slow:acme/painter'])
}, 30_000)

it('a stream is never hedged: parts of it may have been sent', async () => {
  slow.script({ delayMs: 1_000 })
  const { status } = await gateway.call<string>('/v1/images/generations', {
    body: { model: 'swift', prompt: 'a red fox', stream: true },
  })
  expect([status, quick.calls.length]).toEqual([200, 1])
}, 30_000)
