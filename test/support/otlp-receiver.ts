/** A collector on loopback that decodes OTLP/JSON, and fails or hangs on demand. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Value {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
type Pairs = readonly { readonly key: string; readonly value: Value }[]

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceState: string | undefined
  readonly name: string
  readonly kind: number
  /** 2 is an error. */
  readonly status: number
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>
}

export interface ReceivedPoint {
  readonly metric: string
  readonly unit: string
  readonly value: number
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>
}

export interface OtlpReceiver {
  readonly url: string
  readonly spans: ReceivedSpan[]
  readonly points: ReceivedPoint[]
  readonly resources: Readonly<Record<string, string | number | boolean | undefined>>[]
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>[]
  /** Everything that came, as text. */
  readonly raw: string[]
  /** `hang` never answers. */
  mode: 'take' | 'fail' | 'hang'
  close(): Promise<void>
}

const plain = (pairs: Pairs = []) =>
  Object.fromEntries(
    pairs.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.doubleValue ??
        value.boolValue ??
        (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  )

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (receiver.mode === 'hang') return
      if (receiver.mode === 'fail') {
        response.writeHead(400).end()
        return
      }
      const text = Buffer.concat(chunks).toString()
      receiver.raw.push(text)
      receiver.headers.push(request.headers)
      take(JSON.parse(text))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  // The wire's own shape.
  // biome-ignore lint/suspicious/noExplicitAny: decoded JSON of a test
  const take = (body: any): void => {
    for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
      receiver.resources.push(plain(resource.attributes))
      for (const { spans } of scopeSpans)
        for (const span of spans) {
          receiver.spans.push({
            ...span,
            parentSpanId: span.parentSpanId || undefined,
            traceState: span.traceState || undefined,
            status: span.status?.code ?? 0,
            attributes: plain(span.attributes),
          })
        }
    }
    for (const { scopeMetrics } of body.resourceMetrics ?? [])
      for (const { metrics } of scopeMetrics)
        for (const metric of metrics)
          for (const point of (metric.histogram ?? metric.sum ?? metric.gauge).dataPoints)
            receiver.points.push({
              metric: metric.name,
              unit: metric.unit,
              value: Number(point.sum ?? point.asDouble ?? point.asInt),
              attributes: plain(point.attributes),
            })
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    points: [],
    resources: [],
    headers: [],
    raw: [],
    mode: 'take',
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}
