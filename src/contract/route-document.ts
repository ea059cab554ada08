/** A route as people write it: under `routes` in `halftone.yaml`, and as the document of a route by API. */
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { formatUsd } from '../core/money.ts'
import { qualityLevels } from '../core/pricing/quality.ts'
import { qualities } from '../core/request.ts'
import { DEFAULT_GROUP_FAILURE, groupFailures } from '../core/routing/consistency.ts'
import { type DeadlineClass, deadlineClasses } from '../core/routing/deadline-class.ts'
import { type Objective, strategies } from '../core/routing/strategies/index.ts'
import type { Policy } from '../core/routing/types.ts'
import { isoDate, modelPattern, objectName, usdAmount } from './document-values.ts'
import { routeRequirement } from './facts.ts'

export const routeName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a name without "/" and ":", 1 to 64 letters, digits, ".", "_" or "-"')
const offerId = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]*:[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(@[\w.-]+)?(\+[\w.-]+)?$/,
    'must be an offer id, provider:publisher/name',
  )

const offerOrModel = z
  .string()
  .regex(
    /^([A-Za-z0-9][\w.-]*:)?[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*(@[\w.-]+)?(\+[\w.-]+)?$/,
    'must be an offer id or publisher/name',
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
/** Thirty days. */
export const MOST_CACHE_SECONDS = 2_592_000
const share = z.number().min(0)
const floorName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*(@[a-z]+)?)?$/, 'must be a named level or publisher/name@quality')

/** Requests that try what little is known of. */
const exploreSchema = z.strictObject({
  share: z.number().gt(0).max(0.5).default(0.02).describe('Of the route’s requests.'),
  maxExtraUsdPerDay: usdAmount.describe(
    'Most that they may cost above the usual choices, UTC days; at the limit nothing is tried.',
  ),
})

/** A second call beside one that takes too long. */
const hedgeSchema = z
  .strictObject({
    afterMs: z.int().min(50).max(3_600_000).exactOptional().describe('Earliest so many milliseconds after the call began.'),
    afterQuantile: z
      .number()
      .min(0.5)
      .max(0.999)
      .exactOptional()
      .describe('Earliest when the call takes longer than this share of the candidate’s calls; such as 0.95.'),
    maxShare: z.number().gt(0).max(1).default(0.05).describe('Of the route’s requests, most that may be hedged.'),
  })
  .refine(
    ({ afterMs, afterQuantile }) => (afterMs === undefined) !== (afterQuantile === undefined),
    'needs either afterMs or afterQuantile',
  )

/** A smaller picture, enlarged by another offer. */
const enlargeSchema = z.strictObject({
  by: z.array(offerOrModel).min(1).describe('Offers or models that enlarge pictures, first choice first.'),
  ratedAs: floorName
    .exactOptional()
    .describe(
      'What an enlarged picture counts as for floors, at most as its maker does: a level or a rated product. Default: it has no rating.',
    ),
})

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
    floor: floorName.exactOptional().describe('Least quality: a named level, or `publisher/name@quality`.'),
    easyFloor: floorName
      .exactOptional()
      .describe(
        'A lower `floor` for prompts that are taken for easy. At most 1.8 % of the pictures are expected to be worse for it than under `floor`; what is said about them corrects which prompts those are. Default: `floor` is for all.',
      ),
    require: routeRequirement
      .exactOptional()
      .describe(
        'Facts every offer has to have, fallbacks too: region, retention, training, licence, watermark. Unknown is not had.',
      ),
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
    explore: exploreSchema
      .exactOptional()
      .describe('Some requests try the eligible offer of which least is known, within a sum per day; default: none.'),
    cutOut: z
      .array(offerOrModel)
      .min(1)
      .exactOptional()
      .describe(
        'Offers or models that cut pictures out, first choice first: `background: transparent` may then be an opaque picture, cut out.',
      ),
    enlarge: enlargeSchema
      .exactOptional()
      .describe('Pictures may be bought smaller and enlarged by another offer, where both together are the better choice.'),
    hedge: hedgeSchema
      .exactOptional()
      .describe('A second call, to another offer, beside one that is late, where that is worth its price; default: never.'),
    cacheSeconds: z
      .int()
      .min(1)
      .max(MOST_CACHE_SECONDS)
      .exactOptional()
      .describe(
        'Equal requests of a key are given pictures that are at most so old, free, as long as their offer may still be chosen; default: each makes its own.',
      ),
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
    const easy = floorProblem(route)
    if (easy !== undefined) context.addIssue({ code: 'custom', path: ['easyFloor'], message: easy })
    if (route.hedge && (route.deadlineClass ?? 'economy') === 'economy')
      context.addIssue({
        code: 'custom',
        path: ['hedge'],
        message: 'needs a deadlineClass that is in a hurry: realtime or standard',
      })
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

/** Products are compared where their ratings are known; see `gateway/route-check.ts`. */
function floorProblem({ floor, easyFloor }: { readonly floor?: string; readonly easyFloor?: string }): string | undefined {
  if (easyFloor === undefined) return undefined
  if (floor === undefined) return 'needs floor, which it is lower than'
  const levels: readonly string[] = qualityLevels
  const isHigher = levels.includes(floor) && levels.indexOf(easyFloor) > levels.indexOf(floor)
  return easyFloor === floor || isHigher ? `must be lower than floor (${floor})` : undefined
}

/** A valid document, defaults filled in and money exact. */
export type RouteDocument = z.output<typeof routeSchema>

/** The same as JSON, as the API shows it. */
export const routeToJson = ({ maxCostUsd, explore, ...route }: RouteDocument): JsonObject => ({
  // Texts, numbers, lists and records of them only.
  ...(route as unknown as JsonObject),
  ...(maxCostUsd !== undefined && { maxCostUsd: formatUsd(maxCostUsd) }),
  ...(explore && { explore: { share: explore.share, maxExtraUsdPerDay: formatUsd(explore.maxExtraUsdPerDay) } }),
})

/** What a document means to the router. */
export function routePolicy(name: string, document: RouteDocument): Policy {
  const {
    offers,
    models,
    providers,
    regions,
    quality,
    maxCostUsd,
    deadlineClass,
    mode,
    observes,
    fraction,
    since,
    explore,
    ...policy
  } = document
  const filter = {
    ...(offers ? { offers } : {}),
    ...(models ? { models } : {}),
    ...(providers ? { providers } : {}),
    ...(regions ? { regions } : {}),
    ...(quality ? { quality } : {}),
  }
  return {
    route: name,
    ...policy,
    ...(deadlineClass && deadlineClasses[deadlineClass]),
    ...(explore && { explore: { share: explore.share, maxExtraNanoUsdPerDay: explore.maxExtraUsdPerDay } }),
    ...(Object.keys(filter).length > 0 ? { filter } : {}),
    ...(mode === 'observe' && observes !== undefined
      ? { observe: { model: observes, fraction, sinceUs: since === undefined ? 0 : Date.parse(since) * 1_000 } }
      : {}),
    ...(maxCostUsd === undefined ? {} : { maxCostNanoUsd: maxCostUsd }),
  }
}
