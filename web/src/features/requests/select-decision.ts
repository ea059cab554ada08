/** A decision as its page shows it: who was compared by what, and on what grounds. */
import type { Explanation } from '../../../../src/contract/records.ts'
import { axisUsd, exactUsd } from '../../lib/money.ts'
import { formatShare } from '../../lib/numbers.ts'
import { settingsText } from '../candidates/select-candidates.ts'
import { feedbackText } from '../models/select-said.ts'

type Candidate = Explanation['candidates'][number]

export interface DecisionRow {
  readonly key: string
  readonly rank: number
  readonly offer: string
  readonly settings: string
  readonly tried: boolean
  /** What is done here to its pictures, in order. */
  readonly finishing: readonly string[]
  readonly expectedUsd: string
  readonly maxUsd: string | null
  readonly score: string
  readonly success: string
  /** What the success rests on: `prior`, `of 12 tries`; empty where nobody kept it. */
  readonly basis: string
  /** What the score adds to its expected price, or takes off, besides the chance of success. */
  readonly terms: readonly string[]
}

/** Candidates in the order of the plan. */
export const selectDecision = ({ candidates }: Explanation, tried: readonly string[]): readonly DecisionRow[] =>
  candidates.map((candidate, index) => ({
    key: [candidate.offer, settingsText(candidate), ...candidate.finishing].join('|'),
    rank: index + 1,
    offer: candidate.offer,
    settings: settingsText(candidate),
    tried: tried.includes(candidate.offer),
    finishing: candidate.finishing,
    expectedUsd: candidate.expected_usd,
    maxUsd: candidate.max_usd,
    score: candidate.score === null ? 'none' : String(Number(candidate.score.toPrecision(4))),
    success: candidate.success === null ? 'not kept' : formatShare(candidate.success),
    basis: basisOf(candidate),
    terms: termsOf(candidate),
  }))

/** Older attempts count less, so the count is no whole number. */
function basisOf({ success, observations }: Candidate): string {
  if (success === null || observations == null) return ''
  if (observations === 0) return 'prior'
  const count = Math.max(1, Math.round(observations))
  return `of ${count} ${count === 1 ? 'try' : 'tries'}`
}

function termsOf({ planned_usd: planned, shadow_usd: shadow = 0, in_vain_usd: inVain, lateness_usd: late, feedback }: Candidate) {
  return [
    ...(planned === undefined ? [] : [`compared by ${axisUsd(planned)}, the tier the month is planned to reach`]),
    ...(shadow > 0 ? [`less ${axisUsd(shadow)} for a minimum spend that is not met`] : []),
    ...(inVain ? [`tries in vain ${axisUsd(inVain)}`] : []),
    ...(late ? [`lateness weighs ${axisUsd(late)}`] : []),
    ...(feedback ? [feedbackText(feedback)] : []),
  ]
}

export type Ground = readonly [name: string, value: string]

const managedTexts = { file: 'of the configuration', api: 'made by API', built_in: 'built in' } as const

/** On what it was decided: with these the same request is decided the same way again. */
export function selectGrounds({ price_book: priceBook, month_plan: plan, snapshot }: Explanation): readonly Ground[] {
  const version = snapshot?.route_version
  const by = snapshot?.route_managed_by
  return [
    ...(by == null ? [] : [['Route', version == null ? managedTexts[by] : `version ${version}, ${managedTexts[by]}`] as const]),
    ['Price book', priceBook],
    ...(plan === undefined ? [] : [['Plan of the month', plan] as const]),
    ...(snapshot === null
      ? []
      : [['Configuration', snapshot.config] as const, ['Learned up to then', snapshot.experience] as const]),
  ]
}

type Observation = NonNullable<Explanation['observation']>

/** What a route on trial did, or would have done, against the model it watches. */
export function selectObservation({ arm, observes, named, routed, saved_usd: saved }: Observation): readonly Ground[] {
  const text = (choice: Observation['named']): string =>
    choice === null
      ? 'could not serve it'
      : `${choice.offer}${choice.quality === null ? '' : `, ${choice.quality}`}: ${exactUsd(choice.expected_usd)}`
  const isWatched = arm === 'observed'
  return [
    ['Served by', isWatched ? `${observes}, as it was named` : 'the route'],
    ['The named model', text(named)],
    [isWatched ? 'The route would have taken' : 'The route took', text(routed)],
    ...(saved === null ? [] : [[isWatched ? 'It would have saved' : 'It saved', exactUsd(saved)] as const]),
  ]
}

const floorReasons = {
  route: 'as its route asks',
  request: 'as the request asked',
  easy: 'because the prompt was taken for easy',
  not_easy: 'because the prompt was not taken for easy',
} as const

/** The quality floor that its pictures were made under, whose it is, and which offers it left out, each with its reason. */
export function selectFloor({ floor, eliminated }: Pick<Explanation, 'floor' | 'eliminated'>) {
  const below = eliminated.filter(({ reason }) => reason === 'floor').map(({ offer, detail }) => ({ offer, detail }))
  if (!floor) return below.length === 0 ? undefined : { text: undefined, below }
  const otherwise = floor.otherwise === null ? '' : `; otherwise it is ${floor.otherwise}`
  return { text: `${floor.name}, ${floorReasons[floor.because]}${otherwise}`, below }
}

/** Why offers were left out, counted by the gateway; each with one detail of those that are listed. */
export function selectLeftOut({ eliminated_counts: counts, eliminated }: Explanation) {
  const examples = new Map(eliminated.map(({ reason, detail }) => [reason, detail]))
  const counted = Object.entries(counts).map(([reason, count]) => ({ reason, count, example: examples.get(reason) ?? '' }))
  return counted.sort((left, right) => right.count - left.count)
}
