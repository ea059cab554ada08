/** The one schema of `halftone.yaml`. Key descriptions are also the reference; `resolve.ts` turns its output into `Config`. */
import { z } from 'zod'
import { routeName, routeSchema } from '../contract/route-document.ts'
import { roles } from '../core/access/roles.ts'
import { alertsSchema } from './schema-alerts.ts'
import { blobsSchema } from './schema-blobs.ts'
import { providerSchema } from './schema-providers.ts'
import { oidcSchema, sessionsSchema } from './schema-sign-in.ts'
import { stepsSchema } from './schema-steps.ts'
import { telemetrySchema } from './schema-telemetry.ts'
import { byteCount, milliseconds, objectName, rates, tagName, tags, usdAmount, variableName } from './schema-values.ts'
import { Secret } from './secret.ts'

const server = z.strictObject({
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, 'must be an IP address or a host name')
    .default('127.0.0.1')
    .describe('Address to listen on; `0.0.0.0` for every interface.'),
  port: z.int().min(0).max(65_535).default(7788).describe('Port to listen on; 0 picks a free one.'),
  publicUrl: z
    .string()
    .exactOptional()
    .describe('How clients reach this gateway; used in image links and, when https, for call-backs of providers.'),
  trustedProxies: z
    .array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.literal('loopback'), z.literal('private')], {
        error: 'must be an IP address, a CIDR range, loopback or private',
      }),
    )
    .default([])
    .describe('Proxies whose `X-Forwarded-*` headers are believed: addresses, CIDR ranges, `loopback`, `private`.'),
  maxBodyBytes: byteCount.prefault('256MiB').describe('Largest request body, counted as it is read.'),
  maxImageBytes: byteCount.prefault('50MiB').describe('Largest image, sent or received.'),
  maxImagePixels: z.int().min(1).default(64_000_000).describe('Largest image by pixels, against decompression bombs.'),
  maxConcurrentRequests: z
    .int()
    .min(1)
    .max(100_000)
    .default(4096)
    .describe('Image requests in flight; above it clients get `overloaded`.'),
  drainSeconds: z.int().min(0).max(3600).default(60).describe('How long running requests may finish after SIGTERM.'),
  onDisconnect: z
    .enum(['finish', 'cancel'])
    .default('finish')
    .describe('When the client leaves: `finish` keeps the paid image for a replay, `cancel` aborts where that stops the bill.'),
  sessions: sessionsSchema.prefault({}).describe('Sign-ins to the dashboard.'),
  oidc: oidcSchema.exactOptional().describe('Sign-in at an identity provider (OpenID Connect).'),
})

const storage = z.strictObject({
  dataDir: z.string().min(1).default('./.halftone').describe('Folder of database, images and admin key; relative to this file.'),
  databaseUrl: z
    .string()
    .transform((value) => new Secret(value))
    .exactOptional()
    .describe('`postgres://...`: PostgreSQL for the ledger instead of SQLite in the data folder.'),
  blobs: blobsSchema
    .exactOptional()
    .describe('Images in S3-compatible storage instead of the data folder; changes need a restart.'),
  transferBudgetBytes: byteCount.prefault('64MiB').describe('Memory for image bytes in transit; beyond it they go to disk.'),
  assetTtlDays: z.int().min(1).max(36_500).default(30).describe('How long images are kept.'),
  recordsTtlDays: z
    .int()
    .min(1)
    .max(36_500)
    .exactOptional()
    .describe('How long records of requests are kept; what they cost stays for good. Default: for good.'),
  assetMaxBytes: byteCount.prefault('20GiB').describe('Most bytes of kept images; those nearest to their end go early.'),
  minFreeBytes: byteCount.prefault('1GiB').describe('With less free disk no image is stored; not asked with `storage.blobs`.'),
  minFreeBytesDispatch: byteCount.prefault('256MiB').describe('With less free disk no request is sent to a provider.'),
  thumbnails: z
    .enum(['store', 'lazy', 'off'])
    .default('store')
    .describe('Make thumbnails at store time, at first view, or never.'),
  urlTtlSeconds: z.int().min(60).max(31_536_000).default(3600).describe('How long a signed image link works.'),
})

const network = z.strictObject({
  allowHttpImageUrls: z.boolean().default(false).describe('Fetch `image_url` over plain http too.'),
  allowPrivateHosts: z
    .array(z.string().regex(/^[A-Za-z0-9.:_[\]/*-]+$/, 'must be a host name, an IP address or a CIDR range'))
    .default([])
    .describe('Hosts that URLs in requests and answers may name although their address is private.'),
  connectTimeoutMs: milliseconds.default(10_000).describe('Longest wait for a connection.'),
})

const project = z.strictObject({
  name: z.string().min(1).max(200).exactOptional().describe('Display name; default: the id.'),
  promptMode: z.enum(['full', 'hmac', 'none']).default('full').describe('How prompts are kept.'),
  assetTtlDays: z
    .int()
    .min(1)
    .max(36_500)
    .exactOptional()
    .describe('How long its images are kept; default: `storage.assetTtlDays`.'),
  contentTtlDays: z
    .int()
    .min(1)
    .max(36_500)
    .exactOptional()
    .describe('How long prompt, parameters and answer of a request are kept; default: until they are deleted.'),
  recordsTtlDays: z
    .int()
    .min(1)
    .max(36_500)
    .exactOptional()
    .describe('How long records of its requests are kept; default: `storage.recordsTtlDays`.'),
  tags: tags.default({}).describe('Tags on every request of the project.'),
})

const key = z
  .strictObject({
    name: z.string().min(1).max(200).exactOptional().describe('Display name; default: the id.'),
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be the hex SHA-256 of the key: 64 lower-case hex digits')
      .exactOptional()
      .describe('Hex SHA-256 of the key.'),
    env: variableName.exactOptional().describe('Environment variable that holds the key, instead of `hash`.'),
    role: z.enum(roles).default('inference').describe('What it may do; see the guide to roles.'),
    project: objectName.default('default').describe('Project it belongs to.'),
    tags: tags.default({}).describe('Tags on every request of the key.'),
    allowedModels: z.array(z.string().min(1)).min(1).exactOptional().describe('Models and routes it may use; default: all.'),
    maxUsdPerDay: usdAmount.exactOptional().describe('Hard spend cap per UTC day.'),
    ...rates,
  })
  .refine((value) => (value.hash === undefined) !== (value.env === undefined), 'must have exactly one of hash and env')

const budget = z
  .strictObject({
    id: objectName.describe('Unique id.'),
    scope: z.enum(['global', 'key', 'project', 'customer', 'tag']).default('global').describe('What it limits.'),
    scopeValue: z
      .string()
      .min(1)
      .max(256)
      .exactOptional()
      .describe('Key id, project id, customer, or `tag=value`; not for `global`.'),
    period: z.enum(['day', 'month', 'total']).describe('When it starts again; UTC.'),
    limitUsd: usdAmount.describe('The limit.'),
    hard: z.boolean().default(true).describe('Refuse requests at the limit; `false` only warns.'),
  })
  .refine(
    (value) => (value.scope === 'global') === (value.scopeValue === undefined),
    'needs scopeValue unless scope is global, and must not have it then',
  )
  .refine((value) => value.scope !== 'tag' || /^[^=]+=.+$/.test(value.scopeValue ?? ''), 'needs scopeValue tag=value')

const aliasName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,127}(\/[A-Za-z0-9][\w.-]{0,127})?$/, 'must be a model name without ":" and "@"')
const aliasTarget = z
  .string()
  .regex(
    /^([A-Za-z0-9][\w.-]*:)?[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(@[\w.-]+)?(\+[\w.-]+)?$/,
    'must be publisher/name, publisher/name@quality or an offer id',
  )

export const fileSchema = z.strictObject({
  server: server.prefault({}).describe('The HTTP server.'),
  storage: storage.prefault({}).describe('Ledger and images.'),
  network: network.prefault({}).describe('Outgoing connections.'),
  providers: z.record(objectName, providerSchema).default({}).describe('Accounts to buy from, by name.'),
  routes: z.record(routeName, routeSchema).default({}).describe('Names clients may send as `model`. `auto` always exists.'),
  aliases: z
    .record(aliasName, aliasTarget)
    .default({})
    .describe('Other names of models: `publisher/name`, `publisher/name@quality` or an offer id.'),
  projects: z.record(objectName, project).default({}).describe('Owners of keys, by id.'),
  keys: z.record(objectName, key).default({}).describe('Virtual keys managed by this file, by id.'),
  budgets: z.array(budget).default([]).describe('Spend limits.'),
  limits: z
    .strictObject({ perKey: z.strictObject(rates).prefault({}).describe('Rates of every key that has none of its own.') })
    .prefault({})
    .describe('Rate limits.'),
  alerts: alertsSchema.prefault({}).describe('Who is told of what.'),
  maxUsdPerDay: usdAmount.exactOptional().describe('Hard spend cap of the whole gateway per UTC day.'),
  passthrough: z
    .strictObject({
      provider: objectName.describe('Provider that answers them.'),
      unrecordedImages: z
        .enum(['refuse', 'allow'])
        .default('refuse')
        .describe('What happens to calls that ask for pictures there; `allow`: they are paid for past ledger and budgets.'),
    })
    .exactOptional()
    .describe('Where OpenAI paths that are not about images go; without it they are refused.'),
  sandbox: z
    .strictObject({
      enabled: z
        .enum(['auto', 'always', 'never'])
        .default('auto')
        .describe('Offer the local sandbox models: `auto` when no provider is configured.'),
      latencyScale: z.number().min(0).max(10).default(1).describe('Times its usual delay; 0 answers at once.'),
    })
    .prefault({})
    .describe('The built-in sandbox provider.'),
  steps: stepsSchema.prefault({}).describe('What is done to pictures on this machine.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .describe('Least level written.'),
    })
    .prefault({})
    .describe('Logging.'),
  telemetry: telemetrySchema.prefault({}).describe('OpenTelemetry traces and metrics; changes need a restart.'),
  declaredTags: z.array(tagName).max(8).default([]).describe('Tags with their own totals in reports, at most 8.'),
})

export type FileSettings = z.output<typeof fileSchema>
