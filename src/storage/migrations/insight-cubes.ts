/**
 * Which sums by day are kept. A cube is a short list of dimensions; a question is answered from the smallest cube that has all the
 * dimensions it names. The cubes before `all` have every pair of the dimensions of `all`. A change here needs a migration.
 */

/** Columns of the requests and attempts that sums are kept by. */
export const cubeDimensions = [
  'offer',
  'operation',
  'size',
  'quality',
  'route',
  'project',
  'key',
  'outcome',
  'prompt_class',
  'kind',
  'end_customer',
  'group',
  'baseline',
  'tag',
] as const
export type CubeDimension = (typeof cubeDimensions)[number]

export const cubes = {
  product: ['offer', 'operation', 'size', 'quality', 'outcome'],
  caller: ['operation', 'route', 'project', 'key', 'outcome'],
  offer_caller: ['offer', 'quality', 'project', 'key'],
  offer_route: ['offer', 'route', 'prompt_class'],
  shape: ['operation', 'size', 'quality', 'route', 'prompt_class'],
  caller_class: ['size', 'project', 'key', 'prompt_class'],
  kind: ['outcome', 'prompt_class', 'kind'],
  all: ['offer', 'operation', 'size', 'quality', 'route', 'project', 'key', 'outcome', 'prompt_class'],
  end_customer: ['project', 'end_customer'],
  group: ['project', 'group'],
  /** Requests of routes that declare a baseline. */
  baseline: ['project', 'baseline'],
  /** `tag:<key>` for each declared key. */
  tag: ['offer', 'tag'],
} as const satisfies Record<string, readonly CubeDimension[]>

/** Cubes that every request is in, the smallest first where it may stand for others. */
export const wholeCubes = ['kind', 'product', 'caller', 'offer_caller', 'offer_route', 'shape', 'caller_class', 'all'] as const

/** Distributions are kept by fewer dimensions: each value has a row per bucket. */
export const histogramCubes = {
  total: [],
  product: ['offer', 'quality'],
  shape: ['operation', 'size'],
  caller: ['project', 'key'],
  route: ['route'],
  prompt_class: ['prompt_class'],
  outcome: ['outcome'],
} as const satisfies Record<string, readonly CubeDimension[]>
export type HistogramCube = keyof typeof histogramCubes

export const CUBE_WIDTH = 9
/** Different end customers, groups and values of one tag that a day has rows for; the rest of that day is one row. */
export const MOST_NAMES_A_DAY = 500
/** The value that stands for what is beyond `MOST_NAMES_A_DAY`; no client writes control characters by accident. */
export const BEYOND = '\u0001'

export const daySums = [
  'requests',
  /** Requests that ended `succeeded` or `partial`. */
  'delivered',
  'attempts',
  /** Attempts that ended `succeeded` or `partial`. */
  'attempts_succeeded',
  'images',
  'cost_nano_usd',
  'provisional_nano_usd',
  'accepted',
  'rejected',
  'duplicates_prevented',
  'duplicates_nano_usd',
  'baseline_nano_usd',
] as const
