import { CsvButton } from '../../ui/csv-button.tsx'
import { csvOf } from './select-csv.ts'
import type { ExploreSearch } from './select-explore.ts'
import type { Answer } from './select-rows.ts'

export function ExploreCsv({ answer, search }: { answer: Answer; search: ExploreSearch }) {
  const name = [
    'explore',
    ...answer.group_by.map((dimension) => dimension.replace(':', '-')),
    answer.period.from.slice(0, 10),
  ].join('-')
  return <CsvButton name={name} header={csvOf(answer, search).header} rows={() => csvOf(answer, search).rows} />
}
