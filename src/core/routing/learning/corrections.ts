/**
 * What people said about pictures that were made under a floor, as far as it speaks against one model at one quality setting. The sequential
 * test of `quality.ts`, with two bounds that live traffic needs. Evidence fades: a model that is not chosen any more gets no words that could
 * speak for it, so time brings it back, and the next rejection closes it again. And nobody who has others to answer for switches a model off
 * alone. Pure: the same words give the same findings, in whatever process.
 */
import { correctedQuality, FAILS_AT, type FloorEvidence, REJECTED, reduceFloorEvidence } from './quality.ts'

/** One word about what was made under a floor. */
export interface FloorWord {
  /** Score of the floor. */
  readonly floor: number
  /** 1: accepted, 0: rejected; between them a score. */
  readonly accepted: number
  /** Microseconds UTC. */
  readonly atUs: number
  /** Whose word it is; the rejections of one voice do not suffice alone. Absent: they do. */
  readonly voice?: string
}

/** What the words say about one floor. */
export interface FloorFinding {
  readonly floor: number
  /** Of the sequential test, at the last word. */
  readonly against: number
  /** Words since the evidence was last at nothing. */
  readonly rejected: number
  readonly accepted: number
  readonly sinceUs: number
  /** Microseconds UTC until which it counts as below the floor, if nothing more is said; 0: it does not. */
  readonly failsUntilUs: number
  /** When it came to count as below the floor, without a break since; 0: it did not at the last word. */
  readonly failsSinceUs: number
}

/** A model that is below a floor because of what was said. */
export interface Correction {
  /** Score of the lowest floor that it fails; it fails every higher one too. */
  readonly failsAt: number
  readonly rejected: number
  readonly accepted: number
  readonly sinceUs: number
  /** When it came into force: the evidence may be older, and may have faded and sufficed again since. */
  readonly failsSinceUs: number
  readonly untilUs: number
}

/** Evidence counts half after this time. */
export const EVIDENCE_HALF_LIFE_US = 7 * 86_400_000_000
/** However much was rejected, after a half-life without a word it is tried again. */
const MOST = 2 * FAILS_AT
/** Of one voice: two rejections, and a little. */
const VOICE_MOST = 7
/** Evidence so small that the next rejection is the first. */
const NEGLIGIBLE = 0.5

interface Tally extends Omit<FloorFinding, 'floor' | 'failsUntilUs'> {
  readonly atUs: number
}

/** `words` in the order of time. Floors nobody spoke under are absent. */
export function floorFindings(words: readonly FloorWord[]): readonly FloorFinding[] {
  const floors = [...new Set(words.map(({ floor }) => floor))].sort((a, b) => a - b)
  const voices = new Map<string, { readonly against: number; readonly atUs: number }>()
  let tallies: ReadonlyMap<number, Tally> = new Map()
  for (const word of words) {
    const rejected = heardOf(word, voices)
    const faded = fadedAt(tallies, word.atUs)
    const past: FloorEvidence = new Map([...faded].map(([floor, { against }]) => [floor, against]))
    const accepted = reduceFloorEvidence(past, floors, word.floor, true, word.accepted)
    const evidence = reduceFloorEvidence(accepted, floors, word.floor, false, rejected)
    tallies = stamped(tallies, tallied(faded, evidence, word, rejected), word.atUs)
  }
  return findingsOf(tallies)
}

/** `after` with the time since when each floor is failed. */
function stamped(
  before: ReadonlyMap<number, Tally>,
  after: ReadonlyMap<number, Tally>,
  atUs: number,
): ReadonlyMap<number, Tally> {
  const failed = new Map(
    findingsOf(before).flatMap(({ floor, failsUntilUs, failsSinceUs }) => (failsUntilUs > atUs ? [[floor, failsSinceUs]] : [])),
  )
  const fails = new Set(findingsOf(after).flatMap(({ floor, failsUntilUs }) => (failsUntilUs > atUs ? [floor] : [])))
  return new Map(
    [...after].map(([floor, tally]) => [floor, { ...tally, failsSinceUs: fails.has(floor) ? (failed.get(floor) ?? atUs) : 0 }]),
  )
}

/** As `correctedQuality`: what stands against a model under a lower floor adds to what stands against it under a higher. */
function findingsOf(tallies: ReadonlyMap<number, Tally>): readonly FloorFinding[] {
  let below = 0
  return [...tallies]
    .sort((a, b) => a[0] - b[0])
    .map(([floor, { atUs, ...tally }]) => {
      const failsUntilUs = failsUntil(Math.min(MOST, tally.against + below), atUs)
      below = Math.max(below, tally.against)
      return { floor, ...tally, failsUntilUs }
    })
}

/** What stands against the model at this moment; undefined: nothing that suffices. */
export function correctionAt(findings: readonly FloorFinding[], nowUs: number): Correction | undefined {
  const failed = findings.filter(({ failsUntilUs }) => failsUntilUs > nowUs).sort((a, b) => a.floor - b.floor)
  const [lowest] = failed
  if (!lowest) return undefined
  const { floor, rejected, accepted, sinceUs, failsSinceUs, failsUntilUs } = lowest
  return { failsAt: floor, rejected, accepted, sinceUs, failsSinceUs, untilUs: failsUntilUs }
}

/** By the candidate's own name, else by that of its model at this quality. */
export const correctionOf = (
  corrections: ReadonlyMap<string, Correction> | undefined,
  [own, model]: readonly [own: string, model: string],
): Correction | undefined => corrections?.get(own) ?? corrections?.get(model)

/** The rating it is taken to have; undefined: nobody rated it. */
export const correctedRating = (rating: number | undefined, correction: Correction | undefined): number | undefined =>
  rating === undefined || !correction ? rating : correctedQuality(rating, new Map([[correction.failsAt, FAILS_AT]]))

/** For people: `rejected 3 times since 2026-11-20 under this floor, which counts until 2026-11-23`. */
export const describeCorrection = ({ rejected, accepted, sinceUs, untilUs }: Correction): string =>
  `rejected ${times(rejected)}${accepted > 0 ? ` and accepted ${times(accepted)}` : ''} since ${dayOf(sinceUs)} under this floor, which counts until ${dayOf(untilUs)}`

const times = (words: number): string => (words === 1 ? 'once' : `${Number(words.toFixed(1))} times`)
const dayOf = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 10)

const keptOf = (passedUs: number): number => 0.5 ** (Math.max(0, passedUs) / EVIDENCE_HALF_LIFE_US)

const fadedAt = (tallies: ReadonlyMap<number, Tally>, nowUs: number): ReadonlyMap<number, Tally> =>
  new Map(
    [...tallies].map(([floor, tally]) => [floor, { ...tally, against: tally.against * keptOf(nowUs - tally.atUs), atUs: nowUs }]),
  )

const failsUntil = (against: number, atUs: number): number =>
  against < FAILS_AT ? 0 : atUs + Math.round(EVIDENCE_HALF_LIFE_US * Math.log2(against / FAILS_AT))

/** How much of the rejection is heard: a voice that only rejects falls silent before it suffices, until it accepts something. */
function heardOf(
  { accepted, atUs, voice }: FloorWord,
  voices: Map<string, { readonly against: number; readonly atUs: number }>,
): number {
  const wanted = 1 - accepted
  if (voice === undefined) return wanted
  const past = voices.get(voice)
  const faded: FloorEvidence = new Map([[0, past ? past.against * keptOf(atUs - past.atUs) : 0]])
  const after = reduceFloorEvidence(faded, [0], 0, true, accepted).get(0) ?? 0
  const heard = Math.min(wanted, Math.max(0, VOICE_MOST - after) / REJECTED)
  voices.set(voice, { against: after + heard * REJECTED, atUs })
  return heard
}

function tallied(
  before: ReadonlyMap<number, Tally>,
  evidence: FloorEvidence,
  { floor, accepted: said, atUs }: FloorWord,
  heard: number,
): ReadonlyMap<number, Tally> {
  const next = new Map<number, Tally>()
  for (const [each, value] of evidence) {
    const past = before.get(each)
    const against = Math.min(MOST, value)
    const rejected = each === floor ? heard : 0
    const accepted = each > floor ? 0 : said
    if (!past || past.against < NEGLIGIBLE) next.set(each, { against, rejected, accepted, sinceUs: atUs, failsSinceUs: 0, atUs })
    else next.set(each, { ...past, against, rejected: past.rejected + rejected, accepted: past.accepted + accepted, atUs })
  }
  return next
}
