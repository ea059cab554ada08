/** How one call of the seeded ledger ends: mostly well, and worse during incidents. */
import type { Offer } from '../../src/core/offer.ts'
import type { AttemptFailure, Outcome, RefusalStage } from '../../src/core/outcome.ts'
import { normalOf } from '../../src/core/simulation/random.ts'
import { type Calendar, isWithin } from './calendar.ts'
import type { Ask } from './traffic.ts'

export interface Fate {
  readonly outcome: Outcome
  readonly failure?: AttemptFailure
  readonly stage?: RefusalStage
  readonly imagesMade: number
  /** An answer came, whatever it said. */
  readonly answered: boolean
  readonly httpStatus?: number
  readonly durationUs: number
}

export interface FateInput {
  readonly ask: Ask
  readonly offer: Offer
  /** Pictures wanted of this call. */
  readonly n: number
  readonly atUs: number
  readonly calendar: Calendar
  readonly random: () => number
}

type Trouble = Pick<AttemptFailure, 'code' | 'message' | 'retryable' | 'billed' | 'retryAfterMs'> & {
  readonly outcome: Outcome
  readonly answered: boolean
  readonly httpStatus?: number
  readonly stage?: RefusalStage
  /** Of the usual duration. */
  readonly part: number
}

const serverError: Trouble = {
  code: 'provider_error',
  message: 'The provider answered 500: internal error.',
  retryable: true,
  billed: 'no',
  outcome: 'error',
  answered: true,
  httpStatus: 500,
  part: 0.2,
}
const unavailable: Trouble = {
  ...serverError,
  message: 'The provider answered 503: service unavailable.',
  httpStatus: 503,
  part: 0.05,
}
const rateLimited: Trouble = {
  code: 'provider_rate_limited',
  message: 'The provider answered 429: too many requests.',
  retryable: true,
  billed: 'no',
  retryAfterMs: 1_500,
  outcome: 'rate_limited',
  answered: true,
  httpStatus: 429,
  part: 0.03,
}
const timeout: Trouble = {
  code: 'provider_timeout',
  message: 'The provider did not answer in time.',
  retryable: false,
  billed: 'unknown',
  outcome: 'timeout',
  answered: false,
  part: 9,
}
const broken: Trouble = {
  code: 'provider_unreachable',
  message: 'The connection broke after the request was sent.',
  retryable: false,
  billed: 'unknown',
  outcome: 'error',
  answered: false,
  part: 0.8,
}
const noImage: Trouble = {
  code: 'provider_no_image',
  message: 'The provider answered without an image.',
  retryable: false,
  billed: 'yes',
  outcome: 'error',
  answered: true,
  httpStatus: 200,
  part: 1,
}
const refusal = (stage: RefusalStage): Trouble => ({
  code: 'content_refused',
  message: 'The provider refused the prompt: it may break its usage policy.',
  retryable: false,
  // After the picture was made the price book knows who bills it.
  billed: stage === 'before' ? 'no' : 'unknown',
  outcome: 'refused',
  answered: true,
  httpStatus: stage === 'before' ? 400 : 200,
  stage,
  part: stage === 'before' ? 0.15 : 0.9,
})

export function fateOf(input: FateInput): Fate {
  const { n, random } = input
  const usualUs = usualDurationUs(input)
  const trouble = troubleOf(input)
  if (!trouble) {
    const imagesMade = n > 1 && random() < 0.008 ? n - 1 : n
    const outcome = imagesMade < n ? 'partial' : 'succeeded'
    return { outcome, imagesMade, answered: true, httpStatus: 200, durationUs: usualUs }
  }
  const { code, message, retryable, billed, retryAfterMs, part, outcome, answered, httpStatus, stage } = trouble
  const failure = {
    code,
    message,
    retryable,
    billed,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(stage && { stage }),
  }
  const durationUs = Math.round(usualUs * part)
  return { outcome, failure, imagesMade: 0, answered, durationUs, ...(stage && { stage }), ...(httpStatus && { httpStatus }) }
}

function troubleOf({ ask, offer, atUs, calendar, random }: FateInput): Trouble | undefined {
  const { outage, storm, refusals } = calendar
  const luck = random()
  if (offer.provider === outage.provider && isWithin(outage, atUs)) return unavailable
  if (offer.provider === storm.provider && isWithin(storm, atUs) && luck < 0.6) return luck < 0.35 ? serverError : rateLimited
  // People in a prompt are what filters look at most.
  const sensitive = ask.template.features.promptClass === 'people' ? 3 : 1
  const wave = offer.provider === refusals.provider && isWithin(refusals, atUs) ? 12 : 1
  const refused = 0.006 * sensitive * wave
  if (luck < refused) return refusal(random() < 0.4 ? 'after' : 'before')
  const rest = (luck - refused) / (1 - refused)
  const chances = [
    [0.005, serverError],
    [0.003, rateLimited],
    [0.0012, timeout],
    [0.0006, broken],
    [0.0006, noImage],
  ] as const
  let passed = 0
  for (const [chance, trouble] of chances) {
    passed += chance
    if (rest < passed) return trouble
  }
  return undefined
}

/** Seconds that a provider usually takes for a picture of 1024x1024. */
const usualSeconds: Readonly<Record<string, number>> = {
  openai: 14,
  google: 9,
  'black-forest-labs': 7,
  fal: 4,
  ideogram: 8,
  recraft: 6,
  stability: 3,
}

function usualDurationUs({ ask, offer, n, random }: FateInput): number {
  const { size, quality } = ask.template.request
  const large = size && size.width > 1024 ? 1.7 : 1
  const careful = quality === 'high' ? 1.8 : quality === 'low' ? 0.6 : 1
  const seconds = (usualSeconds[offer.provider] ?? 6) * large * careful * (1 + 0.12 * (n - 1))
  return Math.round(seconds * 1e6 * Math.exp(0.3 * normalOf(random(), random())))
}
