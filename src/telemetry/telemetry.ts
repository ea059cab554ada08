/** Spans of requests and their parts, and metrics of calls, for any OpenTelemetry backend. */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  type Counter,
  type Histogram,
  type Meter,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { HalftoneError } from '../core/error.ts'
import type { FinishedCall } from '../gateway/conclude.ts'
import type { GatewayTelemetry } from '../gateway/telemetry.ts'
import type { IncomingRequest, RequestSpan, TraceAttributes, Tracer } from '../ports/tracer.ts'
import {
  callAttributes,
  durationBuckets,
  names,
  outcomeAttributes,
  promptAttributes,
  spanAttributes,
  spanName,
  tokenBuckets,
  tokensOf,
  usd,
} from './gen-ai.ts'
import type { Sdk } from './sdk.ts'
import { remoteParent, traceHeaders } from './traceparent.ts'

export interface TelemetryOptions {
  readonly sdk: Sdk
  readonly version: string
  /** Prompts in spans. */
  readonly content: boolean
  /** Trace headers go to providers. */
  readonly propagate: boolean
  /** What the conventions call a type of provider. */
  providerName(type: string): string
}

export interface Telemetry extends GatewayTelemetry {
  /** A request has come; `run` makes it the parent of everything within. */
  request(request: IncomingRequest): RequestSpan
  droppedSpans(): number
  failedMetricExports(): number
  close(): Promise<void>
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { sdk, version } = options
  const otel = sdk.tracerProvider?.getTracer('halftone', version)
  const meters = sdk.meterProvider && createMeters(sdk.meterProvider.getMeter('halftone', version))
  const current = new AsyncLocalStorage<Context>()
  const contextNow = (): Context => current.getStore() ?? ROOT_CONTEXT

  const tracer: Tracer = {
    async part(name, { kind, attributes }, work) {
      if (!otel) return work({ set: () => undefined, fail: () => undefined })
      const parent = contextNow()
      const span = startSpan(otel, name, { kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL, attributes, parent })
      try {
        return await current.run(trace.setSpan(parent, span), () =>
          work({ set: (more) => span.setAttributes(defined(more)), fail: (code) => failed(span, code) }),
        )
      } catch (error) {
        failed(span, codeOf(error))
        throw error
      } finally {
        span.end()
      }
    },
    headers() {
      const span = options.propagate ? trace.getSpanContext(contextNow()) : undefined
      return span ? traceHeaders(span) : {}
    },
  }

  return {
    tracer,
    request({ method, route, headers }) {
      if (!otel) return { run: (work) => work(), fail: () => undefined, end: () => undefined }
      const remote = remoteParent(headers)
      const parent = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT
      const attributes = { 'http.request.method': method, 'http.route': route }
      const span = startSpan(otel, `${method} ${route}`, { kind: SpanKind.SERVER, attributes, parent })
      const context = trace.setSpan(parent, span)
      return {
        run: (work) => current.run(context, work),
        fail: (code) => span.setAttribute('halftone.error.code', code),
        end(status) {
          span.setAttribute('http.response.status_code', status)
          if (status >= 500) failed(span, String(status))
          span.end()
        },
      }
    },
    call(reserved, { request }, work) {
      const shared = callAttributes(reserved, options.providerName(reserved.candidate.offer.providerType))
      const attributes = {
        ...shared,
        ...spanAttributes(reserved),
        ...(options.content && promptAttributes(request.prompt)),
      }
      return tracer.part(spanName(reserved), { kind: 'client', attributes }, async (part) => {
        const done = await work()
        const failure = done.result.kind === 'failed' ? done.result.failure.code : undefined
        part.set(outcomeAttributes(done))
        if (failure) part.fail(failure)
        meters?.record(defined({ ...shared, [names.errorType]: failure }), done)
        return done
      })
    },
    droppedSpans: () => sdk.droppedSpans(),
    failedMetricExports: () => sdk.failedMetricExports(),
    close: () => sdk.close(),
  }
}

interface StartOptions {
  readonly kind: SpanKind
  readonly attributes: TraceAttributes | undefined
  readonly parent: Context
}

const startSpan = (otel: OtelTracer, name: string, { kind, attributes, parent }: StartOptions): Span =>
  otel.startSpan(name, { kind, ...(attributes && { attributes: defined(attributes) }) }, parent)

const defined = (attributes: TraceAttributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes

/** By code alone: the text of an error may quote a prompt. */
function failed(span: Span, code: string): void {
  span.setAttribute(names.errorType, code)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

const codeOf = (error: unknown): string =>
  error instanceof HalftoneError ? error.code : error instanceof Error ? error.name : 'unknown'

interface Meters {
  record(attributes: Attributes, done: FinishedCall): void
}

function createMeters(meter: Meter): Meters {
  const duration: Histogram = meter.createHistogram(names.duration, {
    description: 'Duration of calls to providers.',
    unit: 's',
    advice: { explicitBucketBoundaries: durationBuckets },
  })
  const tokens: Histogram = meter.createHistogram(names.tokens, {
    description: 'Tokens of calls to providers that count in tokens.',
    unit: '{token}',
    advice: { explicitBucketBoundaries: tokenBuckets },
  })
  const cost: Counter = meter.createCounter(names.cost, { description: 'What calls to providers cost.', unit: 'USD' })
  const images: Counter = meter.createCounter(names.images, { description: 'Pictures that calls made.', unit: '{image}' })
  return {
    record(attributes, done) {
      duration.record(done.durationUs / 1e6, attributes)
      const counted = tokensOf(done.result)
      if (counted) {
        tokens.record(counted.input, { ...attributes, [names.tokenType]: 'input' })
        tokens.record(counted.output, { ...attributes, [names.tokenType]: 'output' })
      }
      if (done.settlement.kind === 'charged') cost.add(usd(done.settlement.totalNanoUsd), attributes)
      if (done.record.imagesMade > 0) images.add(done.record.imagesMade, attributes)
    },
  }
}
