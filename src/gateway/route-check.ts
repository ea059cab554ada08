/** What a valid document may not do as meant: names that nothing has, floors and prices that nothing meets. */
import { HalftoneError } from '../core/error.ts'
import { formatUsd } from '../core/money.ts'
import { nearMatches } from '../core/near-match.ts'
import type { ImageInput, ImageRequest } from '../core/request.ts'
import { type Plan, type Policy, plan } from '../core/routing/index.ts'
import { policyOf } from './decide.ts'
import type { RouteFinding } from './routes.ts'
import type { GatewayState } from './state.ts'

export interface RouteCheckInput {
  readonly policy: Policy
  readonly state: GatewayState
  readonly nowUs: number
}

export const checkRoute = (input: RouteCheckInput): RouteFinding[] => [
  ...nameFindings(input),
  ...targetFindings(input),
  ...serviceFindings(input),
]

const warning = (path: string, message: string, remedy: string): RouteFinding => ({ level: 'warning', path, message, remedy })
const problem = (path: string, message: string, remedy: string): RouteFinding => ({ level: 'problem', path, message, remedy })

const didYouMean = (name: string, known: readonly string[], otherwise: string): string => {
  const near = nearMatches(name, [...new Set(known)])
  return near.length > 0 ? `Did you mean ${near.join(' or ')}?` : otherwise
}

/** Providers, models, offers and regions that nothing here has. */
function nameFindings({ policy, state }: RouteCheckInput): RouteFinding[] {
  const { offers, providers } = state
  const { filter = {}, order = [], shares = {} } = policy
  const models = offers.map(({ model }) => model)
  const ids = offers.map(({ id }) => id)
  const names = [...providers.keys()]
  const unknown = (path: string, name: string, known: readonly string[], what: string): RouteFinding[] =>
    known.includes(name)
      ? []
      : [warning(path, `names no ${what} that is here`, didYouMean(name, known, 'GET /v1/models lists what there is.'))]
  const isModel = (name: string): boolean =>
    name.endsWith('*') ? models.some((model) => model.startsWith(name.slice(0, -1))) : [...models, ...ids].includes(name)
  return [
    ...(filter.providers ?? []).flatMap((name, index) =>
      names.includes(name)
        ? []
        : [
            problem(
              `providers[${index}]`,
              'is not a configured provider',
              didYouMean(name, names, `Configured: ${names.join(', ')}.`),
            ),
          ],
    ),
    ...(filter.models ?? []).flatMap((name, index) => (isModel(name) ? [] : unknown(`models[${index}]`, name, models, 'model'))),
    ...(filter.offers ?? []).flatMap((name, index) => unknown(`offers[${index}]`, name, ids, 'offer')),
    ...(filter.regions ?? []).flatMap((name, index) =>
      unknown(
        `regions[${index}]`,
        name,
        offers.flatMap(({ region }) => region ?? []),
        'region of an offer',
      ),
    ),
    ...order.flatMap((name, index) =>
      unknown(`order[${index}]`, name, [...names, ...models, ...ids], 'offer, model or provider'),
    ),
    ...Object.keys(shares).flatMap((name) =>
      unknown(`shares.${name}`, name, [...names, ...models, ...ids], 'offer, model or provider'),
    ),
  ]
}

/** What else the route points to. */
function targetFindings({ policy, state, nowUs }: RouteCheckInput): RouteFinding[] {
  const { baseline, observe, route } = policy
  return [
    ...floorFindings(policy, state),
    ...(baseline === undefined ? [] : pointerFindings('baseline', baseline, route, state, nowUs)),
    ...(observe ? pointerFindings('observes', observe.model, route, state, nowUs) : []),
    ...[...state.routes.values()].flatMap((other) =>
      observe && other.route !== route && other.observe?.model === observe.model
        ? [warning('observes', `is observed by the route ${other.route} already`, 'The first of them wins; let one of them go.')]
        : [],
    ),
  ]
}

/** Floors that nobody knows, and one for easy prompts that is no lower than the other. */
function floorFindings({ floor, easyFloor }: Policy, { quality, qualityLevels }: GatewayState): RouteFinding[] {
  const levels = [...qualityLevels.keys()]
  const scoreOf = (name: string): number | undefined => qualityLevels.get(name) ?? quality.get(name)
  const unknown = (path: string, name: string | undefined, so: string): RouteFinding[] =>
    name === undefined || scoreOf(name) !== undefined
      ? []
      : [
          problem(
            path,
            `is neither a known level nor a rated product, so that ${so}`,
            didYouMean(name, [...levels, ...quality.keys()], `Levels: ${levels.join(', ')}.`),
          ),
        ]
  const [usual, easy] = [floor, easyFloor].map((name) => (name === undefined ? undefined : scoreOf(name)))
  return [
    ...unknown('floor', floor, 'every request would be refused'),
    ...unknown('easyFloor', easyFloor, 'requests with easy prompts would be refused'),
    ...(usual !== undefined && easy !== undefined && easy >= usual
      ? [problem('easyFloor', `is no lower than floor: ${easy} is not below ${usual}`, 'Name a lower one, or leave it out.')]
      : []),
  ]
}

function pointerFindings(path: string, name: string, route: string, state: GatewayState, nowUs: number): RouteFinding[] {
  if (name === route) return [problem(path, 'is this route itself', 'Name a model, an offer or another route.')]
  try {
    policyOf(name, state, nowUs)
    return []
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    return [problem(path, `cannot be found: ${error.message}`, 'Name a model, an offer or a route that there is.')]
  }
}

const picture: ImageInput = {
  role: 'image',
  sha256: '0'.repeat(64),
  bytes: 1,
  mediaType: 'image/png',
  width: 1024,
  height: 1024,
}
const usual: ImageRequest = {
  operation: 'generate',
  model: 'auto',
  prompt: 'a picture of a thing in a place, in the usual style',
  n: 1,
  inputs: [],
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution: { tags: {} },
  extraBody: {},
}
/** Requests that most clients make, each with its name in a sentence. */
export const usualRequests: readonly (readonly [string, ImageRequest])[] = [
  ['a picture of any size', usual],
  ['a picture of 1024x1024', { ...usual, size: { width: 1024, height: 1024 } }],
  ['a picture of 1536x1024', { ...usual, size: { width: 1536, height: 1024 } }],
  ['an edit of a picture', { ...usual, operation: 'edit', inputs: [picture] }],
]

/** Whether usual requests find anybody, and what keeps others out. */
function serviceFindings(input: RouteCheckInput): RouteFinding[] {
  const { policy } = input
  const plans = usualRequests.map(([what, request]) => ({ what, plan: planOf(request, policy, input) }))
  const unserved = plans.filter((each) => each.plan.kind === 'none')
  const [first] = plans
  if (!first) return []
  return [...unserved.flatMap(({ what, plan: made }) => unservedFinding(what, made, input)), ...unpricedFinding(first.plan)]
}

function planOf(request: ImageRequest, policy: Policy, { state, nowUs }: RouteCheckInput): Plan {
  const { offers, quality, qualityLevels, prices } = state
  return plan({
    request,
    options: { allowUnsupported: true, bodyMetadata: true },
    policy,
    snapshot: { offers, quality, qualityLevels, health: new Map() },
    prices,
    promptComplexity: 0.5,
    promptClass: 'other',
    nowUs,
    hardBudget: false,
  })
}

/** The limit that alone keeps everybody out, or the reasons together. */
function unservedFinding(what: string, made: Plan, input: RouteCheckInput): RouteFinding[] {
  const { policy } = input
  const request = usualRequests.find(([name]) => name === what)?.[1] ?? usual
  const { floor, maxCostNanoUsd, ...rest } = policy
  if (maxCostNanoUsd !== undefined) {
    const without = planOf(request, { ...rest, ...(floor !== undefined && { floor }), objective: 'cost' }, input)
    if (without.kind === 'plan') {
      const cheapest = without.attempts.map(({ total }) => total.expectedNanoUsd).toSorted((a, b) => Number(a - b))[0] ?? 0n
      const message = `is below the cheapest offer for ${what}: $${formatUsd(cheapest)} expected`
      return [
        warning('maxCostUsd', message, 'Raise it, or allow cheaper models; offers without a bound on their price need more.'),
      ]
    }
  }
  if (floor !== undefined) {
    const withoutFloor = { ...rest, ...(maxCostNanoUsd !== undefined && { maxCostNanoUsd }) }
    if (planOf(request, withoutFloor, input).kind === 'plan')
      return [
        warning('floor', `is reached by no offer that could make ${what}`, 'Lower it, or allow models that are rated higher.'),
      ]
  }
  const counts = new Map<string, number>()
  for (const { reason } of made.eliminated) if (reason !== 'not_in_route') counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const reasons = [...counts].map(([reason, count]) => `${reason} ${count}`).join(', ') || 'nothing is in the route'
  return [
    warning('', `no offer could make ${what} (${reasons})`, 'Let more models, providers or regions in, or leave it at that.'),
  ]
}

function unpricedFinding({ eliminated }: Plan): RouteFinding[] {
  const offers = eliminated.filter(({ reason }) => reason === 'unpriced').map(({ offer }) => offer)
  if (offers.length === 0) return []
  const shown = `${offers.slice(0, 3).join(', ')}${offers.length > 3 ? ` and ${offers.length - 3} more` : ''}`
  return [warning('', `${shown} have no price and are never chosen`, 'Set prices under providers.<name>.prices.')]
}
