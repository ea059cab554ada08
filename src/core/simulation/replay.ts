/**
 * What the requests of a trace would have cost under another policy: the router's own `plan()` request by request, with what the trace itself
 * teaches about offers up to then. Costs are expected ones, tries in vain included; nothing is called.
 */

import type { Candidate } from '../offer.ts'
import { askedFor, createDifficultyGate, type DifficultyGate } from '../planning/difficulty.ts'
import { drawOf, gateFeaturesOf, withEasyFloor } from '../planning/easy-floor.ts'
import type { PlannedPrice } from '../planning/month.ts'
import type { CompiledPrices } from '../pricing/index.ts'
import { type PromptFeatures, promptFeatures } from '../prompt/features.ts'
import type { ImageInput, ImageRequest } from '../request.ts'
import {
  createExperienceBook,
  type ExperienceView,
  experienceKeys,
  noExperience,
  type Plan,
  type Policy,
  plan,
  reduceExperience,
  resolveCandidate,
  type Snapshot,
} from '../routing/index.ts'
import type { TraceRow } from './trace.ts'

/** From this instant on a model costs its list price times `factor`. */
export interface PriceChange {
  readonly model: string
  readonly factor: number
  readonly fromUs: number
}

export interface ReplayInput {
  readonly snapshot: Pick<Snapshot, 'offers' | 'quality' | 'qualityLevels' | 'corrections'>
  readonly prices: CompiledPrices
  readonly policy: Policy
  readonly changes: readonly PriceChange[]
  /** What is known before the first row; absent: nothing. */
  readonly experience?: ExperienceView
  /** Which prompts may use the policy's lower floor; absent: by public priors, and by how often each kind comes in the trace. */
  readonly gate?: DifficultyGate
}

export interface ReplaySum {
  readonly requests: number
  readonly pictures: number
  /** Nano-USD; expected for what is simulated, so a number. */
  readonly costNanoUsd: number
}

export interface ReplayResult {
  /** As the trace has it. */
  readonly recorded: ReplaySum
  /** Only of requests that the policy serves, as `recordedOfServed` is. */
  readonly simulated: ReplaySum
  readonly recordedOfServed: ReplaySum
  readonly recordedByModel: ReadonlyMap<string, ReplaySum>
  readonly simulatedByOffer: ReadonlyMap<string, ReplaySum>
  /** Requests that no offer of the policy can serve, by the commonest reason. */
  readonly unserved: ReadonlyMap<string, number>
  /** Expected requests beyond the policy's deadline; only where offers' latencies are known from the trace. */
  readonly expectedLate: number
  /** Requests that were held to the lower floor of easy prompts. */
  readonly easy: number
}

/** What the policy does with one row, for whoever looks at single requests. */
export interface Decided {
  readonly row: TraceRow
  readonly plan: Plan
  /** Nano-USD, tries in vain included; undefined when no offer can serve. */
  readonly expectedNanoUsd: number | undefined
  /** What really served it, as far as its offer is still there. */
  readonly served: Candidate | undefined
}

export interface Replay {
  /** The next row in the order of time. */
  add(row: TraceRow): Decided
  result(): ReplayResult
}

/** `rows` in the order of time; `each` sees what was decided. Pure: the same rows give the same result. */
export function replayTrace(
  rows: Iterable<TraceRow>,
  input: ReplayInput,
  each: (decided: Decided) => void = () => {},
): ReplayResult {
  const replay = startReplay(input)
  for (const row of rows) each(replay.add(row))
  return replay.result()
}

/** The same row by row, for callers that must not take long at once. */
export function startReplay(input: ReplayInput): Replay {
  const experience = createExperienceBook(input.experience)
  const byId = new Map(input.snapshot.offers.map((offer) => [offer.id, offer]))
  const recordedByModel = new Map<string, ReplaySum>()
  const simulatedByOffer = new Map<string, ReplaySum>()
  const unserved = new Map<string, number>()
  let recorded = nothing
  let simulated = nothing
  let recordedOfServed = nothing
  let expectedLate = 0
  let easy = 0
  let rowsSeen = 0
  let gate = input.gate ?? createDifficultyGate()

  function policyFor({ id }: TraceRow, request: ImageRequest, all: PromptFeatures): Policy {
    rowsSeen += 1
    const features = gateFeaturesOf(all)
    const draw = id === undefined ? (rowsSeen * SPREAD) % 1 : drawOf(id)
    const policy = withEasyFloor(input.policy, { request, options: {}, features, gate, draw })
    if (policy.gated && !input.gate) gate = askedFor(gate, features, request.n)
    if (policy.gated?.easy) easy += 1
    return policy
  }

  function decide(row: TraceRow, request: ImageRequest, features: PromptFeatures): Plan {
    return plan({
      request,
      options: { allowUnsupported: true, bodyMetadata: false },
      policy: policyFor(row, request, features),
      snapshot: { ...input.snapshot, health: new Map(), experience, planned: changed(input, row.atUs) },
      prices: input.prices,
      promptComplexity: features.complexity,
      promptClass: features.promptClass,
      nowUs: row.atUs,
      hardBudget: false,
    })
  }

  function learn(row: TraceRow, request: ImageRequest, { promptClass }: PromptFeatures): Candidate | undefined {
    const offer = row.offer === undefined ? undefined : byId.get(row.offer)
    const resolved = offer && resolveCandidate(offer, request, { allowUnsupported: true })
    if (!resolved || !('candidate' in resolved)) return undefined
    const seen = {
      kind: row.outcome,
      billed: row.costNanoUsd > 0n,
      ...(row.latencyMs !== undefined && { latencyMs: row.latencyMs }),
    }
    for (const key of experienceKeys(resolved.candidate, request, promptClass))
      experience.set(key, reduceExperience(experience.get(key) ?? noExperience, seen))
    return resolved.candidate
  }

  return {
    add(row) {
      const request = requestOf(row)
      const features = promptFeatures(request.prompt, request)
      const cost = Number(row.costNanoUsd)
      recorded = added(recorded, row.n, cost)
      recordedByModel.set(row.model, added(recordedByModel.get(row.model) ?? nothing, row.n, cost))
      const made = decide(row, request, features)
      let expectedNanoUsd: number | undefined
      if (made.kind === 'none') {
        const reason = commonest(made.eliminated.map((each) => each.reason))
        unserved.set(reason, (unserved.get(reason) ?? 0) + 1)
      } else {
        const { candidate, allIn, total } = made.attempts[0]
        expectedNanoUsd = allIn ? allIn.priceNanoUsd + allIn.inVainNanoUsd : Number(total.expectedNanoUsd)
        simulated = added(simulated, row.n, expectedNanoUsd)
        recordedOfServed = added(recordedOfServed, row.n, cost)
        simulatedByOffer.set(
          candidate.offer.id,
          added(simulatedByOffer.get(candidate.offer.id) ?? nothing, row.n, expectedNanoUsd),
        )
        expectedLate += allIn?.missChance ?? 0
      }
      return { row, plan: made, expectedNanoUsd, served: learn(row, request, features) }
    },
    result: () => ({ recorded, simulated, recordedOfServed, recordedByModel, simulatedByOffer, unserved, expectedLate, easy }),
  }
}

/** Multiples of the golden ratio lie evenly between 0 and 1, whatever their number. */
const SPREAD = 0.618_033_988_749_894_9

const nothing: ReplaySum = { requests: 0, pictures: 0, costNanoUsd: 0 }

const added = ({ requests, pictures, costNanoUsd }: ReplaySum, n: number, cost: number): ReplaySum => ({
  requests: requests + 1,
  pictures: pictures + n,
  costNanoUsd: costNanoUsd + cost,
})

function changed({ changes, snapshot }: ReplayInput, atUs: number): ReadonlyMap<string, PlannedPrice> {
  const planned = new Map<string, PlannedPrice>()
  for (const { model, factor, fromUs } of changes) {
    if (atUs < fromUs) continue
    for (const offer of snapshot.offers) {
      if (offer.model !== model && offer.id !== model) continue
      planned.set(offer.id, { factor: (planned.get(offer.id)?.factor ?? 1) * factor, shadowShare: 0 })
    }
  }
  return planned
}

function commonest(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'no offer'
}

/** A trace without prompts is priced with one of usual length. */
const USUAL_PROMPT = 'a picture of a thing in a place, in the usual style'

const input: ImageInput = { role: 'image', sha256: '0'.repeat(64), bytes: 1, mediaType: 'image/png', width: 1024, height: 1024 }

const requestOf = (row: TraceRow): ImageRequest => ({
  operation: row.operation,
  model: row.model,
  prompt: row.prompt ?? USUAL_PROMPT,
  n: row.n,
  ...(row.size && { size: row.size }),
  ...(row.quality && { quality: row.quality }),
  inputs: Array.from({ length: row.inputs > 0 ? row.inputs : row.operation === 'generate' ? 0 : 1 }, () => input),
  stream: false,
  partialImages: 0,
  responseFormat: 'b64_json',
  attribution: { tags: {} },
  extraBody: {},
})
