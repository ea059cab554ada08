/** OpenTelemetry against a real collector on loopback, decoded from the wire. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

let double: ProviderDouble
let collector: OtlpReceiver
let gateway: TestGateway

beforeEach(async () => {
  double = await startProviderDouble()
  collector = await startOtlpReceiver()
})
afterEach(async () => {
  await gateway.close()
  await double.close()
  await collector.close()
})

const start = async (telemetry: object = {}, env: Readonly<Record<string, string>> = {}): Promise<void> => {
  gateway = await startTestGateway({
    config: {
      providers: { double: compatibleProvider(double, { retries: 0 }) },
      telemetry: { metricsEveryMs: 200, ...telemetry },
    },
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env },
  })
}
const generate = (headers: Readonly<Record<string, string>> = {}, body: object = {}) =>
  gateway.call('/v1/images/generations', { body: { model: 'acme/painter', prompt: 'the secret prompt', ...body }, headers })
const until = async (condition: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 15_000; !condition(); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(collector.spans.map(({ name }) => name))}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const span = (name: string): ReceivedSpan => {
  const found = collector.spans.find((it) => it.name === name)
  if (!found) throw new Error(`no span ${name} among ${collector.spans.map((it) => it.name).join(', ')}`)
  return found
}
const SERVER = 'POST /v1/images/generations'
const CALL = 'generate_content painter'

describe('a request', () => {
  it('is a trace from the door to the provider, part by part, and continues the one of its sender', async () => {
    await start(
      {},
      {
        OTEL_SERVICE_NAME: 'pictures',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=s%20ecret',
      },
    )
    const { headers } = await generate({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=a1,other=b2' })
    await until(() => collector.spans.some(({ name }) => name === SERVER))
    const server = span(SERVER)
    expect(server).toMatchObject({ traceId: TRACE, parentSpanId: PARENT, traceState: 'vendor=a1,other=b2', kind: 2 })
    expect(server.attributes).toMatchObject({ 'http.response.status_code': 200, 'http.route': '/v1/images/generations' })
    const call = span(CALL)
    for (const name of ['plan', 'ledger reserve', CALL, 'ledger settle'])
      expect(span(name), name).toMatchObject({ traceId: TRACE, parentSpanId: server.spanId })
    expect(span('POST')).toMatchObject({ parentSpanId: call.spanId, kind: 3 })
    expect(span('POST').attributes).toEqual({
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'http.response.status_code': 200,
    })
    expect(call).toMatchObject({ kind: 3, status: 0 })
    expect(call.attributes).toMatchObject({
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.provider.name': 'openai-compatible',
      'gen_ai.request.model': 'painter',
      'gen_ai.output.type': 'image',
      'halftone.request.id': headers.get('x-request-id'),
      'halftone.offer': 'double:acme/painter',
      'halftone.cost.usd': 0.04,
      'halftone.images': 1,
    })
    expect(collector.resources[0]).toMatchObject({ 'service.name': 'pictures', 'deployment.environment.name': 'test' })
    expect(collector.headers[0]).toMatchObject({ 'x-key': 's ecret' })
    // Neither prompt nor picture, and the trace is nobody's business upstream.
    expect(collector.raw.join()).not.toContain('secret prompt')
    expect(double.calls[0]?.headers['traceparent']).toBeUndefined()
  })

  it.each([
    ['a wrong one', `00-${TRACE}-${PARENT}`],
    ['one of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['one of a forbidden version', `ff-${TRACE}-${PARENT}-01`],
    ['none', ''],
  ])('with %s begins a trace of its own', async (_, traceparent) => {
    await start()
    await generate(traceparent ? { traceparent } : {})
    await until(() => collector.spans.some(({ name }) => name === SERVER))
    expect(span(SERVER).parentSpanId).toBeUndefined()
    expect(span(SERVER).traceId).not.toBe(TRACE)
  })

  it('that fails has the codes of its errors, not their texts', async () => {
    await start()
    double.script({ status: 500, body: { error: { message: 'the secret prompt is bad' } } })
    await generate()
    await until(() => collector.spans.some(({ name }) => name === SERVER))
    expect(span(CALL)).toMatchObject({ status: 2, attributes: { 'error.type': 'provider_error' } })
    expect(span('POST')).toMatchObject({ status: 2, attributes: { 'error.type': '500' } })
    expect(span(SERVER)).toMatchObject({ status: 2, attributes: { 'halftone.error.code': 'provider_error' } })
    expect(collector.raw.join()).not.toContain('secret prompt')
  })

  it('tells its prompt where contents are switched on, and its trace to providers where that is', async () => {
    await start({ content: true, propagate: true })
    await generate({ traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'vendor=a1' })
    await until(() => collector.spans.some(({ name }) => name === SERVER))
    expect(span(CALL).attributes['gen_ai.input.messages']).toContain('the secret prompt')
    expect(double.calls[0]?.headers).toMatchObject({
      traceparent: `00-${TRACE}-${span('POST').spanId}-01`,
      tracestate: 'vendor=a1',
    })
  })

  it('that its sender does not keep is not sent, and still counted', async () => {
    await start()
    await generate({ traceparent: `00-${TRACE}-${PARENT}-00` })
    await until(() => collector.points.length > 0)
    expect(collector.spans).toEqual([])
  })
})

it('metrics have the durations, costs and pictures of calls', async () => {
  await start()
  await generate({}, { n: 2 })
  double.script({ status: 500 })
  await generate()
  await until(() => collector.points.some(({ attributes }) => attributes['error.type'] === 'provider_error'))
  const point = (metric: string) =>
    collector.points.findLast((it) => it.metric === metric && it.attributes['error.type'] === undefined)
  expect(point('gen_ai.client.operation.duration')).toMatchObject({
    unit: 's',
    attributes: { 'halftone.offer': 'double:acme/painter' },
  })
  expect(point('halftone.client.cost')?.value).toBeCloseTo(0.08)
  expect(point('halftone.client.images')?.value).toBe(2)
})

describe('a collector that', () => {
  it.each(['fail', 'hang'] as const)(
    'does %s blocks no request, and what is lost is counted',
    { timeout: 60_000 },
    async (mode) => {
      await start()
      collector.mode = mode
      const started = Date.now()
      for (let index = 0; index < 5; index++) expect((await generate()).status).toBe(200)
      expect(Date.now() - started).toBeLessThan(5_000)
      const dropped = async (): Promise<number> => {
        const { body } = await gateway.call<string>('/metrics')
        return Number(/^halftone_telemetry_dropped_total (.*)$/m.exec(body)?.[1])
      }
      for (const deadline = Date.now() + 30_000; !((await dropped()) > 0); ) {
        if (Date.now() > deadline) throw new Error(`nothing was counted: ${await dropped()}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const closing = Date.now()
      await gateway.close()
      expect(Date.now() - closing).toBeLessThan(6_000)
      await start()
    },
  )

  it('is not asked for is not called, and its libraries are not loaded', async () => {
    await start({}, { OTEL_SDK_DISABLED: 'true' })
    await generate()
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([collector.raw, collector.spans]).toEqual([[], []])
  })
})
