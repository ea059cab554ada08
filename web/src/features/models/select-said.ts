/** What people said about pictures that were made under a floor: which floors a model does not meet because of it. Pure. */
import type { FloorFeedback } from '../../../../src/contract/floor.ts'
import type { ProductQualityWire } from '../../../../src/contract/quality.ts'
import { counted } from '../../lib/numbers.ts'
import type { OfferRow } from './select-offers.ts'

/** What the API calls a model at one quality setting. */
export const productOf = ({ model, quality }: Pick<OfferRow, 'model' | 'quality'>): string =>
  quality === null || quality === '' ? model : `${model}@${quality}`

type Finding = ProductQualityWire['findings'][number]

export interface Standing {
  readonly key: string
  /** `floor 1150` */
  readonly floor: string
  /** For whom it counts. */
  readonly who: string
  readonly below: boolean
  readonly text: string
}

/** Floors with words, the lowest first. `nameOf` gives projects their names. */
export const selectStandings = (
  { findings }: Pick<ProductQualityWire, 'findings'>,
  nameOf: (project: string) => string,
): readonly Standing[] =>
  findings.map((finding) => ({
    key: `${finding.floor} ${finding.project ?? ''}`,
    floor: `floor ${Math.round(finding.floor)}`,
    who: finding.project === null ? 'projects that said nothing themselves' : nameOf(finding.project),
    below: finding.below_until !== null,
    text: findingText(finding),
  }))

const findingText = ({ rejected, accepted, since, below_until: until }: Finding): string =>
  `${wordsText({ rejected, accepted })} since ${dayOf(since)}; ${until === null ? 'it meets it' : `not chosen until ${minuteOf(until)}`}`

/** `rejected 3 times`, `rejected once, accepted 4 times`. A score counts for a part of one. */
export function wordsText({ rejected, accepted }: Pick<Finding, 'rejected' | 'accepted'>): string {
  const said = [
    ...(rejected > 0 ? [`rejected ${times(rejected)}`] : []),
    ...(accepted > 0 ? [`accepted ${times(accepted)}`] : []),
  ]
  return said.length === 0 ? 'nothing said' : said.join(', ')
}

const times = (count: number): string => (count === 1 ? 'once' : `${Number(count.toFixed(1))} times`)
const dayOf = (iso: string): string => iso.slice(0, 10)
const minuteOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`

/** Whether some floor is not met now. */
export const isBelow = ({ findings }: Pick<ProductQualityWire, 'findings'>): boolean =>
  findings.some(({ below_until: until }) => until !== null)

/** What stands against a candidate of a decision, in a line. */
export const feedbackText = (feedback: FloorFeedback): string =>
  `${wordsText(feedback)} since ${dayOf(feedback.since)} under a floor of ${Math.round(feedback.fails_at)}: not chosen under that or a higher one until ${minuteOf(feedback.until)}`

/** `3 of 5 models` that do not meet a floor now. */
export function summaryText(all: readonly ProductQualityWire[]): string {
  const below = all.filter(isBelow).length
  return below === 0
    ? `${counted(all.length, 'model')} with words, all meet their floors.`
    : `${counted(below, 'model')} of ${all.length} below a floor now.`
}
