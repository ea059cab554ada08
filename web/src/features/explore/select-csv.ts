/** The CSV of what is shown. */
import { type InsightMeasure, insightMeasures } from '../../../../src/core/insight/terms.ts'
import { type ExploreSearch, isAdditive, showOf, usualMeasure } from './select-explore.ts'
import { pivotCsv, selectPivot, timeText } from './select-pivot.ts'
import { type Answer, csvValue, OTHER } from './select-rows.ts'

export interface Csv {
  readonly header: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

const isLatency = (measure: InsightMeasure): boolean => measure === 'latency_p50_ms' || measure === 'latency_p95_ms'

const usual = insightMeasures.filter((measure) => !isLatency(measure))
const lists = new Map(insightMeasures.map((measure) => [measure, isLatency(measure) ? insightMeasures : usual] as const))

/** The columns of the table: latencies only when they were asked for, because they cost more to find. The same array each time. */
export const shownMeasures = (measure: InsightMeasure): readonly InsightMeasure[] => lists.get(measure) ?? usual

/** A row per group and moment with every figure; of a heat map the heat map. */
export function csvOf(answer: Answer, search: ExploreSearch): Csv {
  const measure = search.measure ?? usualMeasure
  if (showOf(search) === 'pivot') {
    return pivotCsv(selectPivot(answer, measure), measure, answer.group_by[0] ?? answer.grain, isAdditive(measure))
  }
  const measures = shownMeasures(measure)
  const timed = answer.grain !== 'none'
  return {
    header: [...answer.group_by, ...(timed ? [answer.grain] : []), ...measures],
    rows: answer.rows.map((row) => [
      ...answer.group_by.map((_, index) => (row.other ? OTHER : (row.key[index] ?? ''))),
      ...(timed ? [timeText(row.at, answer.grain)] : []),
      ...measures.map((name) => csvValue(name, row)),
    ]),
  }
}
