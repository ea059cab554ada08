/**
 * From words about single pictures to what they say about products, a model at one quality setting, and about the prompts of a route. Only
 * what was said counts here, not what people did: deleting or asking again has other reasons too, and the sequential test takes each word at
 * its full weight. Pure: the same words give the same evidence, in whatever process and order they were read.
 */
import { askedFor, createDifficultyGate, type DifficultyGate, type GateFeatures, rated } from '../../planning/difficulty.ts'
import { type Correction, correctionAt, type FloorFinding, type FloorWord, floorFindings } from './corrections.ts'

/** What the gate of a route decided for a request, with what it looked at. */
export interface StoredGate {
  readonly easy: boolean
  /** The floor for other prompts. */
  readonly otherwise: string
  readonly features: GateFeatures
}

/** What somebody said about one picture that was made under a floor. */
export interface PictureWord {
  readonly picture: string
  readonly requestId: string
  readonly projectId: string
  readonly route: string
  /** A name of `Snapshot.quality`: what made it. */
  readonly product: string
  /** As it was named. */
  readonly floor: string
  readonly gate?: StoredGate
  /** 0 to 1. */
  readonly accepted: number
  readonly atUs: number
  /** Who said it through the application's own key; absent: somebody with a key of their own. */
  readonly endCustomer?: string
}

/** The pictures of one request by one product: one word, since they share a prompt. */
export type Spoken = Omit<PictureWord, 'picture'>

/** In the order of time. Of each picture the last word stands. */
export function spokenOf(words: readonly PictureWord[]): readonly Spoken[] {
  const last = new Map<string, PictureWord>()
  for (const word of inOrder(words)) last.set(word.picture, word)
  const together = new Map<string, PictureWord[]>()
  for (const word of last.values()) {
    const key = `${word.requestId}|${word.product}`
    together.set(key, [...(together.get(key) ?? []), word])
  }
  return inOrder(
    [...together.values()].flatMap((each) => {
      const newest = inOrder(each).at(-1)
      if (!newest) return []
      const { picture: _picture, ...word } = newest
      return [{ ...word, accepted: each.reduce((sum, { accepted }) => sum + accepted, 0) / each.length }]
    }),
  )
}

const inOrder = <Word extends Pick<PictureWord, 'atUs' | 'requestId'>>(words: readonly Word[]): readonly Word[] =>
  words.toSorted((a, b) => a.atUs - b.atUs || (a.requestId < b.requestId ? -1 : 1))

/** What is known of one product. */
export interface ProductEvidence {
  readonly product: string
  /** For projects that said nothing about it themselves: what several others have found. */
  readonly shared: readonly FloorFinding[]
  readonly byProject: ReadonlyMap<string, readonly FloorFinding[]>
  /** Requests that were rated, within the time that is looked at. */
  readonly accepted: number
  readonly rejected: number
}

/** The score that a floor asks for; undefined: nobody knows the name any more, and words under it say nothing. */
export type ScoreOf = (floor: string) => number | undefined

/** By product. A project hears its own end customers and other projects each as one voice; see `corrections.ts`. */
export function evidenceOf(words: readonly Spoken[], scoreOf: ScoreOf): readonly ProductEvidence[] {
  const products = new Map<string, Spoken[]>()
  for (const word of words) products.set(word.product, [...(products.get(word.product) ?? []), word])
  return [...products].map(([product, said]) => {
    const accepted = said.reduce((sum, word) => sum + word.accepted, 0)
    const heardBy = (listener: string | undefined): readonly FloorFinding[] =>
      floorFindings(said.flatMap((word) => floorWordOf(word, listener, scoreOf)))
    return {
      product,
      shared: heardBy(undefined),
      byProject: new Map([...new Set(said.map(({ projectId }) => projectId))].map((project) => [project, heardBy(project)])),
      accepted,
      rejected: said.length - accepted,
    }
  })
}

function floorWordOf(
  { floor: name, accepted, atUs, projectId, endCustomer }: Spoken,
  listener: string | undefined,
  scoreOf: ScoreOf,
): readonly FloorWord[] {
  const floor = scoreOf(name)
  if (floor === undefined) return []
  const voice = projectId === listener ? endCustomer : `project ${projectId}`
  return [{ floor, accepted, atUs, ...(voice !== undefined && { voice: projectId === listener ? `customer ${voice}` : voice }) }]
}

/**
 * What stands against a product for a project at this moment. Without a project: what the only one that spoke has found, or several together.
 */
export function correctionFor(
  { byProject, shared }: ProductEvidence,
  projectId: string | undefined,
  nowUs: number,
): Correction | undefined {
  const [only] = byProject.size === 1 ? byProject.values() : []
  const own = projectId === undefined ? only : byProject.get(projectId)
  return correctionAt(own ?? shared, nowUs)
}

/** A request that the gate of its route looked at. */
export interface GatedAsk {
  readonly features: GateFeatures
  readonly pictures: number
}

/**
 * The gate of a route out of its own past. `asked` and `words` of this route, in the order of time. `reaches`: whether a
 * product is known to meet a floor by itself; then a rejection under a lower one is none of the prompt's doing.
 */
export function gateOf(
  asked: readonly GatedAsk[],
  words: readonly Spoken[],
  reaches: (product: string, floor: string) => boolean,
): DifficultyGate {
  const counted = asked.reduce((gate, { features, pictures }) => askedFor(gate, features, pictures), createDifficultyGate())
  return words.reduce((gate, { gate: decided, product, accepted }) => {
    if (!decided) return gate
    const { easy, otherwise, features } = decided
    return rated(gate, features, easy && !reaches(product, otherwise), accepted >= HALF)
  }, counted)
}

/** Scores from here on are accepted: the gate knows no parts. */
const HALF = 0.5
