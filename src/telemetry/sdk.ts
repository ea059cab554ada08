/** OpenTelemetry's SDK with exporters over OTLP/HTTP: never blocks what it watches, and counts what it has to drop. Loaded only when switched on. */
import type { MeterProvider, TracerProvider } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { PeriodicExportingMetricReader, MeterProvider as SdkMeterProvider } from '@opentelemetry/sdk-metrics'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  TracerProvider as SdkTracerProvider,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

export interface SdkOptions {
  /** Without `/v1/traces`. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly traces: boolean
  readonly metrics: boolean
  readonly sampleRatio: number
  readonly metricsEveryMs: number
  readonly resource: Readonly<Record<string, string>>
}

export interface Sdk {
  /** Undefined: traces are off. */
  readonly tracerProvider: TracerProvider | undefined
  readonly meterProvider: MeterProvider | undefined
  /** Spans that were not sent: the queue was full, or the collector did not take them. */
  droppedSpans(): number
  /** Exports of metrics that failed; the next one carries the same sums. */
  failedMetricExports(): number
  /** Send what is left, for a few seconds at most. */
  close(): Promise<void>
}

const MOST_WAITING = 4_096
const BATCH = 512
const EVERY_MS = 2_000
const EXPORT_TIMEOUT_MS = 5_000
const CLOSE_MS = 3_000

export function startSdk(options: SdkOptions): Sdk {
  const resource = resourceFromAttributes({ ...options.resource })
  const traces = options.traces ? startTraces(options, resource) : undefined
  const metrics = options.metrics ? startMetrics(options, resource) : undefined
  return {
    tracerProvider: traces?.provider,
    meterProvider: metrics?.provider,
    droppedSpans: () => traces?.dropped() ?? 0,
    failedMetricExports: () => metrics?.failed() ?? 0,
    async close() {
      let timer: NodeJS.Timeout | undefined
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS)
      })
      const closing = [traces?.provider.shutdown(), metrics?.provider.shutdown()].map((each) => each?.catch(() => undefined))
      await Promise.race([Promise.all(closing), timeUp])
      clearTimeout(timer)
    },
  }
}

type Resource = ReturnType<typeof resourceFromAttributes>

function startTraces({ endpoint, headers, sampleRatio }: SdkOptions, resource: Resource) {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: EXPORT_TIMEOUT_MS,
    concurrencyLimit: 2,
  })
  let waiting = 0
  let dropped = 0
  const send = exporter.export.bind(exporter)
  exporter.export = (spans, done) =>
    send(spans, (result) => {
      waiting -= spans.length
      // 0 is success.
      if (result.code !== 0) dropped += spans.length
      done(result)
    })
  const batch = new BatchSpanProcessor({
    exporter,
    maxExportBatchSize: BATCH,
    // The bound is ours, which counts; this one would drop without a word.
    maxQueueSize: MOST_WAITING * 2,
    scheduledDelayMillis: EVERY_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  })
  const bounded: SpanProcessor = {
    onStart: (span, parent) => batch.onStart(span, parent),
    onEnd(span: ReadableSpan) {
      if ((span.spanContext().traceFlags & 1) === 0) return
      if (waiting >= MOST_WAITING) {
        dropped += 1
        return
      }
      waiting += 1
      batch.onEnd(span)
    },
    forceFlush: () => batch.forceFlush(),
    shutdown: () => batch.shutdown(),
  }
  const provider = new SdkTracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeValueLengthLimit: 16_384 },
    spanProcessors: [bounded],
  })
  return { provider, dropped: () => dropped }
}

function startMetrics({ endpoint, headers, metricsEveryMs }: SdkOptions, resource: Resource) {
  const exporter = new OTLPMetricExporter({
    url: `${endpoint}/v1/metrics`,
    headers: { ...headers },
    timeoutMillis: Math.min(EXPORT_TIMEOUT_MS, metricsEveryMs),
    concurrencyLimit: 1,
  })
  let failed = 0
  const send = exporter.export.bind(exporter)
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      if (result.code !== 0) failed += 1
      done(result)
    })
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: metricsEveryMs,
    exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, metricsEveryMs),
    // What is above it is counted together, so that a flood of models cannot grow the memory.
    cardinalityLimits: { default: 500 },
  })
  return { provider: new SdkMeterProvider({ resource, readers: [reader] }), failed: () => failed }
}
