/** The schema of `telemetry`: OpenTelemetry, switched on by its endpoint. */
import { z } from 'zod'
import { Secret } from './secret.ts'

/** Booleans of variables are text. */
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
  error: 'must be true or false',
})

/** `name=value,name=value` as the variables have it, values percent-encoded; or a mapping. */
const pairs = (what: string) =>
  z.union(
    [
      z.record(z.string().min(1).max(128), z.string().max(4_096)),
      z.string().transform((text, context) => {
        const entries = text.split(',').flatMap((pair): [string, string][] => {
          const cut = pair.indexOf('=')
          return cut > 0 ? [[pair.slice(0, cut).trim(), decoded(pair.slice(cut + 1).trim())]] : []
        })
        if (entries.length > 0 || text.trim() === '') return Object.fromEntries(entries)
        context.addIssue({ code: 'custom', message: `must be ${what}: a mapping, or text such as name=value,other=value` })
        return z.NEVER
      }),
    ],
    { error: `must be ${what}: a mapping, or text such as name=value,other=value` },
  )

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const telemetrySchema = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .exactOptional()
    .describe(
      'Collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`, without `/v1/traces`. Set, it switches telemetry on.',
    ),
  disabled: flag.prefault(false).describe('Off although there is an endpoint.'),
  headers: pairs('headers')
    .transform((headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, new Secret(value)])))
    .prefault({})
    .describe('Sent with every export, such as a key; secrets.'),
  serviceName: z.string().min(1).max(200).default('halftone').describe('`service.name` of spans and metrics.'),
  resource: pairs('attributes').prefault({}).describe('More attributes of every span and metric.'),
  traces: z.boolean().default(true).describe('Send spans.'),
  metrics: z.boolean().default(true).describe('Send metrics.'),
  sampleRatio: z
    .union(
      [
        z.number().min(0).max(1),
        z
          .string()
          .regex(/^(0(\.\d+)?|1(\.0+)?)$/)
          .transform(Number),
      ],
      {
        error: 'must be a number from 0 to 1',
      },
    )
    .prefault(1)
    .describe('Share of traces that are kept, of those that begin here; one that began elsewhere is kept as its sender says.'),
  metricsEveryMs: z.int().min(100).max(3_600_000).default(60_000).describe('How often metrics are sent.'),
  propagate: z
    .boolean()
    .default(false)
    .describe('Send `traceparent` to providers, so that one of your own can continue the trace.'),
  content: z.boolean().default(false).describe('Put prompts into spans. Pictures never are.'),
})
