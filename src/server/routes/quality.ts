/** What people said about pictures that were made under a floor, and putting it aside. */
import type { z } from 'zod'
import type { ProductQualityWire, resetQualityRequest } from '../../contract/quality.ts'
import { HalftoneError } from '../../core/error.ts'
import type { FloorFinding } from '../../core/routing/learning/corrections.ts'
import type { ProductEvidence } from '../../core/routing/learning/spoken.ts'
import type { Call, Handler } from '../handler.ts'
import { isoTime } from '../wire.ts'

interface QualityList {
  readonly object: 'list'
  readonly data: ProductQualityWire[]
}

export const listQuality: Handler = (call): Promise<QualityList> => Promise.resolve(qualityList(call))

export const resetQuality: Handler = async (call): Promise<QualityList> => {
  const { product } = call.body as z.infer<typeof resetQualityRequest>
  const { quality } = call.context
  if (!quality.evidence().some((each) => each.product === product)) {
    throw new HalftoneError('not_found', `Nothing was said about "${product}" lately; GET /v1/halftone/quality lists what was.`, {
      param: 'product',
    })
  }
  await quality.reset(product)
  return qualityList(call)
}

/** What stands against most first. */
function qualityList({ context }: Call): QualityList {
  const { quality: ratings } = context.current()
  const nowUs = context.services.clock.nowUs()
  const data = context.quality.evidence().map(
    (evidence): ProductQualityWire => ({
      product: evidence.product,
      rating: ratings.get(evidence.product) ?? null,
      rejected: rounded(evidence.rejected),
      accepted: rounded(evidence.accepted),
      findings: findingsOf(evidence, nowUs),
    }),
  )
  return { object: 'list', data: data.sort((a, b) => b.rejected - a.rejected || (a.product < b.product ? -1 : 1)) }
}

/** Projects that spoke each have their own; the others share one where several spoke. */
function findingsOf({ byProject, shared }: ProductEvidence, nowUs: number): ProductQualityWire['findings'] {
  const all: (readonly [string | null, readonly FloorFinding[]])[] = [...byProject]
  if (byProject.size > 1) all.push([null, shared])
  return all
    .flatMap(([project, findings]) => findings.map((finding) => ({ project, ...finding })))
    .sort((a, b) => a.floor - b.floor)
    .map(({ project, floor, rejected, accepted, sinceUs, failsUntilUs }) => ({
      project,
      floor,
      rejected: rounded(rejected),
      accepted: rounded(accepted),
      since: isoTime(sinceUs),
      below_until: failsUntilUs > nowUs ? isoTime(failsUntilUs) : null,
    }))
}

const rounded = (words: number): number => Number(words.toFixed(2))
