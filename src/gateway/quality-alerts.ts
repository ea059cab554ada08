/** Models that do not meet a floor any more because of what people said, and those that are tried again. */
import type { AlertEvent } from '../core/alert.ts'
import { type Correction, describeCorrection } from '../core/routing/learning/corrections.ts'
import { correctionFor } from '../core/routing/learning/spoken.ts'
import type { QualityFeed } from './quality-feed.ts'

interface Failing {
  readonly product: string
  readonly project: string
  readonly correction: Correction
}

/** Call it every few seconds. Each time that a model fails has one name, whatever node sees it and however long it lasts. */
export function watchQuality(quality: Pick<QualityFeed, 'evidence'>): (nowUs: number) => readonly AlertEvent[] {
  let before = new Map<string, Failing>()
  return (nowUs) => {
    const failing = failingAt(quality, nowUs)
    const events = [
      ...[...failing.values()].filter((each) => !before.has(keyOf(each))).map((each) => qualityEvent('failed', each)),
      ...[...before.values()].filter((each) => !stillFails(each, failing)).map((each) => qualityEvent('recovered', each)),
    ]
    before = failing
    return events
  }
}

function failingAt(quality: Pick<QualityFeed, 'evidence'>, nowUs: number): Map<string, Failing> {
  const failing = quality.evidence().flatMap((evidence) =>
    [...evidence.byProject.keys()].flatMap((project): Failing[] => {
      const correction = correctionFor(evidence, project, nowUs)
      return correction ? [{ product: evidence.product, project, correction }] : []
    }),
  )
  return new Map(failing.map((each) => [keyOf(each), each]))
}

const keyOf = ({ product, project, correction }: Failing): string => `${product}/${project}/${correction.failsSinceUs}`

/** Under whatever floor. */
const stillFails = ({ product, project }: Failing, failing: ReadonlyMap<string, Failing>): boolean =>
  [...failing.values()].some((each) => each.product === product && each.project === project)

const qualityEvent = (what: 'failed' | 'recovered', each: Failing): AlertEvent => {
  const { product, project, correction } = each
  return {
    kind: `quality.${what}`,
    severity: what === 'failed' ? 'warning' : 'info',
    name: `quality.${what}/${keyOf(each)}`,
    title:
      what === 'failed'
        ? `${product} does not meet a quality floor any more: ${describeCorrection(correction)}`
        : `${product} is tried again under the quality floor that it did not meet`,
    data: {
      product,
      project,
      floor: correction.failsAt,
      rejected: Number(correction.rejected.toFixed(2)),
      accepted: Number(correction.accepted.toFixed(2)),
      since: isoTime(correction.sinceUs),
      until: isoTime(correction.untilUs),
      remedy: `halftone quality reset ${product}`,
    },
  }
}

const isoTime = (us: number): string => new Date(us / 1_000).toISOString()
