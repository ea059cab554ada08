/** The one schema of `halftone.yaml`. Key descriptions are also the reference; `resolve.ts` turns its output into `Config`. */
import { z } from 'zod'
import { qualities } from '../core/request.ts'
import { DEFAULT_GROUP_FAILURE, groupFailures } from '../core/routing/consistency.ts'
import { type DeadlineClass, deadlineClasses } from '../core/routing/deadline-class.ts'
import { type Objective, strategies } from '../core/routing/strategies/index.ts'
import { providerSchema } from './schema-providers.ts'
import {
  byteCount,
  isoDate,
  milliseconds,
  modelPattern,
  objectName,
  rates,
  tagName,
  tags,
  usdAmount,
  variableName,
} from './schema-values.ts'
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
})

const storage = z.strictObject({
  dataDir: z.string().min(1).default('./.halftone').describe('Folder of database, images and admin key; relative to this file.'),
  databaseUrl: z
    .string()
    .transform((value) => new Secret(value))
    .exactOptional()
    .describe('`postgres://...`: PostgreSQL for the ledger instead of SQLite in the data folder.'),
  transferBudgetBytes: byteCount.prefault('64MiB').describe('Memory for image bytes in transit; beyond it they go to disk.'),
  assetTtlDays: z.int().min(1).max(36_500).default(30).describe('How long images are kept.'),
  assetMaxBytes: byteCount.prefault('20GiB').describe('Most bytes of kept images; those nearest to their end go early.'),
  minFreeBytes: byteCount.prefault('1GiB').describe('With less free disk no image is stored.'),
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

const offerId = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(@[\w.-]+)?(\+[\w.-]+)?$/,
    'must be an offer id, provider:publisher/name',
  )

/** An offer id, `publisher/name` or the name of a provider. */
const routeTarget = z
  .string()
  .regex(
    /^([A-Za-z0-9][\w.-]*:)?[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?(@[\w.-]+)?(\+[\w.-]+)?$/,
    'must be an offer, a model or a provider',
  )
const aliasTargetOrRoute = z
  .string()
  .regex(
    /^([A-Za-z0-9][\w.-]*:)?[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?(@[\w.-]+)?(\+[\w.-]+)?$/,
    'must be a model, an offer or a route',
  )
const share = z.number().min(0)

export const routeSchema = z
  .strictObject({
    offers: z.array(offerId).min(1).exactOptional().describe('Exactly these offers.'),
    models: z.array(modelPattern).min(1).exactOptional().describe('Models it may use; default: all.'),
    providers: z.array(objectName).min(1).exactOptional().describe('Providers it may use; default: all.'),
    regions: z.array(z.string().min(1)).min(1).exactOptional().describe('Regions it may use; default: all.'),
    quality: z.enum(qualities).exactOptional().describe('Quality forced on every candidate.'),
    objective: z
      .enum(Object.keys(strategies) as [Objective, ...Objective[]])
      .default('cost')
      .describe('What to optimise.'),
    weights: z
      .strictObject({
        cost: share.describe('Of the expected all-in cost.'),
        latency: share.describe('Of the expected latency.'),
        quality: share.describe('Of the known quality.'),
      })
      .refine(({ cost, latency, quality }) => cost + latency + quality > 0, 'needs at least one weight above 0')
      .exactOptional()
      .describe('For objective `balanced`: how much each counts; default 0.5, 0.25, 0.25.'),
    order: z
      .array(routeTarget)
      .min(1)
      .exactOptional()
      .describe('For objective `priority`: offers, models or providers, first choice first.'),
    shares: z
      .record(routeTarget, z.number().positive())
      .exactOptional()
      .describe('For objective `weighted`: parts of the traffic by offer, model or provider; the others are fallbacks.'),
    deadlineClass: z
      .enum(Object.keys(deadlineClasses) as [DeadlineClass, ...DeadlineClass[]])
      .exactOptional()
      .describe(
        'How long its requests may take, for choosing: `realtime` 15 s, `standard` 60 s, `economy` a day, batch lanes included.',
      ),
    floor: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*(@[a-z]+)?)?$/, 'must be a named level or publisher/name@quality')
      .exactOptional()
      .describe('Least quality: a named level, or `publisher/name@quality`.'),
    baseline: aliasTargetOrRoute
      .exactOptional()
      .describe('What savings are measured against: a model, `publisher/name@quality`, an offer or another route.'),
    maxAttempts: z.int().min(1).max(10).default(3).describe('Most tries per request.'),
    retries: z.int().min(0).max(5).default(1).describe('Most tries again at the same offer, when nothing was billed.'),
    maxCostUsd: usdAmount.exactOptional().describe('Most one request may cost.'),
    fallback: z.boolean().default(true).describe('Go on to the next offer after a failure.'),
    fallbackOnRefusal: z.boolean().default(false).describe('Go on to the next offer after a content refusal too.'),
    mode: z
      .enum(['route', 'observe'])
      .default('route')
      .describe('`observe`: requests go to the model of `observes` unchanged, and what the route would have done is recorded.'),
    observes: aliasTargetOrRoute
      .exactOptional()
      .describe('For mode `observe`: the `model` that clients send. Requests that name it, or this route, are observed.'),
    fraction: z.number().min(0).max(1).default(0).describe('For mode `observe`: the share of them that the route serves itself.'),
    since: isoDate
      .exactOptional()
      .describe(
        'For mode `observe`: what was said about pictures before this day does not count; a later one starts anew after a roll-back.',
      ),
    groupFailure: z
      .enum(groupFailures)
      .default(DEFAULT_GROUP_FAILURE)
      .describe('When the offer of a group cannot serve: `wait` for it, `switch-and-mark`, or `error`.'),
    payTwice: z
      .enum(['never', 'onUnknown'])
      .default('never')
      .describe('`onUnknown` goes on after a try that may have been billed.'),
    onSoftBudget: z
      .enum(['warn', 'cheaper'])
      .default('warn')
      .describe('At the limit of a soft budget: `warn`, or take what is `cheaper` within the floor.'),
  })
  .superRefine((route, context) => {
    if ((route.mode === 'observe') !== (route.observes !== undefined))
      context.addIssue({ code: 'custom', path: ['observes'], message: 'goes with mode: observe, which needs it' })
    if (route.mode !== 'observe' && (route.fraction > 0 || route.since !== undefined))
      context.addIssue({ code: 'custom', path: ['mode'], message: 'must be observe for fraction and since' })
    for (const [key, objective] of [
      ['weights', 'balanced'],
      ['order', 'priority'],
      ['shares', 'weighted'],
    ] as const) {
      if (route[key] !== undefined && route.objective !== objective)
        context.addIssue({ code: 'custom', path: [key], message: `is for objective ${objective}, not ${route.objective}` })
      if (key !== 'weights' && route.objective === objective && route[key] === undefined)
        context.addIssue({ code: 'custom', path: ['objective'], message: `needs ${key}` })
    }
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
    role: z.enum(['inference', 'admin']).default('inference').describe('`admin` may also use the management API.'),
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

const alertWebhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .describe('Where alerts are sent: https on a public address, or a host of `network.allowPrivateHosts`.'),
  secret: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(256)
    .transform((value) => new Secret(value))
    .describe('Key of the signature; `whsec_` and base64, or any text.'),
})

const routeName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a name without "/" and ":", 1 to 64 letters, digits, ".", "_" or "-"')
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
  alerts: z
    .strictObject({ webhooks: z.array(alertWebhook).max(8).default([]).describe('Told when budgets come near their limits.') })
    .prefault({})
    .describe('Who is told of what.'),
  maxUsdPerDay: usdAmount.exactOptional().describe('Hard spend cap of the whole gateway per UTC day.'),
  passthrough: z
    .strictObject({ provider: objectName.describe('Provider that answers them.') })
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
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .describe('Least level written.'),
    })
    .prefault({})
    .describe('Logging.'),
  declaredTags: z.array(tagName).max(8).default([]).describe('Tags with their own totals in reports, at most 8.'),
})

export type FileSettings = z.output<typeof fileSchema>
