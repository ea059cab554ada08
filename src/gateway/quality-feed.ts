/**
 * What people said about pictures that were made under a floor, as this node knows it: which products do not keep a floor at the moment, and
 * which prompts a route may take for easy. Everything is worked out from the ledger's words, so that every node and every start says the same.
 */
import { createDifficultyGate, type DifficultyGate } from '../core/planning/difficulty.ts'
import { type Correction, EVIDENCE_HALF_LIFE_US } from '../core/routing/learning/corrections.ts'
import {
  correctionFor,
  evidenceOf,
  gateOf,
  type PictureWord,
  type ProductEvidence,
  type ScoreOf,
  type Spoken,
  spokenOf,
} from '../core/routing/learning/spoken.ts'
import type { Clock } from '../ports/clock.ts'
import type { GatedRequestRow, Ledger } from '../ports/ledger.ts'
import { keepLooking } from './looking.ts'
import type { GatewayLog, GatewayState } from './state.ts'

export type Corrections = ReadonlyMap<string, Correction>

/** What decisions go by. */
export interface QualityView {
  /** What stands against products, for requests of a project; undefined: nothing. The same object as long as it says the same. */
  correctionsFor(projectId: string | undefined): Corrections | undefined
  gateOf(route: string): DifficultyGate
}

export interface QualityFeed extends QualityView {
  /** Of every product that somebody rated lately. */
  evidence(): readonly ProductEvidence[]
  /** Read what was said since the last time. Resolves when decisions go by it; rejects when the ledger cannot be read. */
  refresh(): Promise<void>
  /** What was said about a product counts no more. */
  reset(product: string): Promise<void>
  close(): Promise<void>
}

export interface QualityFeedOptions {
  readonly ledger: Pick<Ledger, 'quality'>
  readonly clock: Pick<Clock, 'nowUs' | 'sleep'>
  readonly log: Pick<GatewayLog, 'error'>
  readonly current: () => Pick<GatewayState, 'quality' | 'qualityLevels' | 'routes'>
  readonly everyMs?: number
}

/** Words of other nodes are known within this time. */
const LOOK_EVERY_MS = 5_000
/** Evidence that is older has faded to a sixteenth. */
const WINDOW_US = 4 * EVIDENCE_HALF_LIFE_US
/** Clocks of nodes differ, and a commit may take a moment. */
const OVERLAP_US = 60_000_000
/** Now and then everything is read anew: words may have been deleted with their requests. */
const WHOLE_EVERY_US = 3_600_000_000
const MOST_WORDS = 50_000
/** Of a route, for which kinds of prompts come how often. */
const MOST_ASKED = 2_000
const ASKED_EVERY_US = 30_000_000

type Ratings = Pick<GatewayState, 'quality' | 'qualityLevels'>

/** What was read. */
interface Ground {
  /** By picture, the newest. */
  readonly words: ReadonlyMap<string, PictureWord>
  readonly resets: ReadonlyMap<string, number>
  readonly asked: ReadonlyMap<string, readonly GatedRequestRow[]>
  readonly ratings: Ratings
}

/** What follows from it. */
interface Conclusions {
  readonly evidence: readonly ProductEvidence[]
  readonly gates: ReadonlyMap<string, DifficultyGate>
}

const noRatings: Ratings = { quality: new Map(), qualityLevels: new Map() }
const nothing: Ground & Conclusions = {
  words: new Map(),
  resets: new Map(),
  asked: new Map(),
  ratings: noRatings,
  evidence: [],
  gates: new Map(),
}
const newGate = createDifficultyGate()

/** For whoever decides without a past. */
export const nothingSaid: QualityView = { correctionsFor: () => undefined, gateOf: () => newGate }

export async function startQualityFeed(options: QualityFeedOptions): Promise<QualityFeed> {
  const { ledger, clock, log, current, everyMs = LOOK_EVERY_MS } = options
  let known = nothing
  let readUs = 0
  let wholeUs = Number.NEGATIVE_INFINITY
  let askedUs = Number.NEGATIVE_INFINITY
  let views = new Map<string | undefined, Seen>()

  async function look(): Promise<void> {
    const nowUs = clock.nowUs()
    const isWhole = nowUs - wholeUs >= WHOLE_EVERY_US
    const windowUs = nowUs - WINDOW_US
    const [words, resets] = await Promise.all([
      ledger.quality.words({ sinceUs: isWhole ? windowUs : Math.max(windowUs, readUs - OVERLAP_US), limit: MOST_WORDS }),
      ledger.quality.resets(windowUs),
    ])
    const isAskedOld = isWhole || nowUs - askedUs >= ASKED_EVERY_US
    const asked = isAskedOld ? await readAsked(options) : known.asked
    const next = { words: isWhole ? byPicture(words) : merge(known.words, words), resets, asked, ratings: ratingsOf(current()) }
    if (isWhole || !isSameGround(known, next)) {
      known = { ...next, ...workedOut(next) }
      // What still says the same stays the same object: plans are remembered by it.
      views = new Map([...views].map(([projectId, seen]) => [projectId, { ...seen, untilUs: 0 }]))
    }
    readUs = nowUs
    if (isWhole) wholeUs = nowUs
    if (isAskedOld) askedUs = nowUs
  }

  const failing = 'words about pictures cannot be read; what was known of them stays in force'
  await look()
  const { refresh, close } = keepLooking({ clock, log, everyMs, failing, look })

  return {
    correctionsFor(projectId) {
      const nowUs = clock.nowUs()
      const seen = views.get(projectId)
      if (seen && nowUs < seen.untilUs) return seen.corrections
      const made = seenAt(known.evidence, projectId, nowUs)
      const next = seen && isSame(seen.corrections, made.corrections) ? { ...made, corrections: seen.corrections } : made
      if (views.size >= MOST_VIEWS) views.clear()
      views.set(projectId, next)
      return next.corrections
    },
    gateOf: (route) => known.gates.get(route) ?? newGate,
    evidence: () => known.evidence,
    refresh,
    async reset(product) {
      await ledger.quality.reset({ product, atUs: clock.nowUs() })
      await refresh()
    },
    close,
  }
}

/** Projects whose view is remembered. */
const MOST_VIEWS = 1_000

interface Seen {
  readonly corrections: Corrections | undefined
  /** When the first of them ends. */
  readonly untilUs: number
}

function seenAt(evidence: readonly ProductEvidence[], projectId: string | undefined, nowUs: number): Seen {
  const corrections = new Map<string, Correction>()
  for (const each of evidence) {
    const correction = correctionFor(each, projectId, nowUs)
    if (correction) corrections.set(each.product, correction)
  }
  const untilUs = Math.min(Number.POSITIVE_INFINITY, ...[...corrections.values()].map((each) => each.untilUs))
  return { corrections: corrections.size === 0 ? undefined : corrections, untilUs }
}

const isSame = (one: Corrections | undefined, other: Corrections | undefined): boolean =>
  JSON.stringify([...(one ?? [])]) === JSON.stringify([...(other ?? [])])

const byPicture = (read: readonly PictureWord[]): ReadonlyMap<string, PictureWord> => merge(new Map(), read)

/** The same map where nothing is new. */
function merge(before: ReadonlyMap<string, PictureWord>, read: readonly PictureWord[]): ReadonlyMap<string, PictureWord> {
  const words = new Map(before)
  let isNew = false
  for (const word of read) {
    if ((words.get(word.picture)?.atUs ?? Number.NEGATIVE_INFINITY) >= word.atUs) continue
    words.set(word.picture, word)
    isNew = true
  }
  return isNew ? words : before
}

const ratingsOf = ({ quality, qualityLevels }: Ratings): Ratings => ({ quality, qualityLevels })

const isSameGround = (before: Ground, after: Ground): boolean =>
  before.words === after.words &&
  before.asked === after.asked &&
  before.ratings.quality === after.ratings.quality &&
  before.ratings.qualityLevels === after.ratings.qualityLevels &&
  before.resets.size === after.resets.size &&
  [...after.resets].every(([product, atUs]) => before.resets.get(product) === atUs)

async function readAsked({ ledger, current }: QualityFeedOptions): Promise<Ground['asked']> {
  const gated = [...current().routes.values()].filter(({ easyFloor }) => easyFloor !== undefined)
  return new Map(
    await Promise.all(gated.map(async ({ route }) => [route, await ledger.quality.gated({ route, limit: MOST_ASKED })] as const)),
  )
}

function workedOut({ words, resets, asked, ratings: { quality, qualityLevels } }: Ground): Conclusions {
  const scoreOf: ScoreOf = (floor) => qualityLevels.get(floor) ?? quality.get(floor)
  const spoken = spokenOf([...words.values()]).filter(({ product, atUs }) => atUs > (resets.get(product) ?? 0))
  const reaches = (product: string, floor: string): boolean =>
    (quality.get(product) ?? Number.NEGATIVE_INFINITY) >= (scoreOf(floor) ?? Number.POSITIVE_INFINITY)
  const ofRoute = (name: string): readonly Spoken[] => spoken.filter(({ route }) => route === name)
  return {
    evidence: evidenceOf(spoken, scoreOf),
    gates: new Map(
      [...asked].map(([route, rows]) => {
        const requests = rows.map(({ gate, n }) => ({ features: gate.features, pictures: n }))
        return [route, gateOf(requests, ofRoute(route), reaches)]
      }),
    ),
  }
}
