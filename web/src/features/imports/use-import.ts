/** Reading files and recording their rows, part by part, through the API. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ImportRow, ReadImport, RowState } from '../../../../src/contract/imports.ts'
import { booksKeys } from '../../api/books-queries.ts'
import { call } from '../../api/client.ts'
import { keys } from '../../api/queries.ts'
import { columnsOf, countStates, type FoundRow, partsOf, type StateCounts } from './select-import.ts'

export interface ImportForm {
  readonly format: string
  readonly files: readonly File[]
  readonly source: string
  readonly project: string
  readonly provider: string
  readonly columns: Readonly<Record<string, string>>
}

export interface Found {
  readonly read: ReadImport
  /** Empty where something is wrong with the files. */
  readonly rows: readonly FoundRow[]
}

/** How much of it is done, 0 to 1000; undefined: nothing runs. */
export function useImport({ source, project }: Pick<ImportForm, 'source' | 'project'>) {
  const queryClient = useQueryClient()
  const [progress, setProgress] = useState<number>()
  /** One part after the other: a refused one stops what comes behind it, and all of it may be sent again. */
  const send = async (rows: readonly ImportRow[], dryRun: boolean): Promise<readonly RowState[]> => {
    const states: RowState[] = []
    for (const part of partsOf(rows)) {
      setProgress(Math.round((1_000 * states.length) / rows.length))
      const body = { source, rows: [...part], dry_run: dryRun, ...(project !== '' && { project_id: project }) }
      states.push(...(await call('importSpend', { body })).states)
    }
    return states
  }
  const look = useMutation({
    mutationFn: async (form: ImportForm): Promise<Found> => {
      const files = await Promise.all(form.files.map(async (file) => ({ name: file.name, text: await file.text() })))
      const columns = columnsOf(form.columns)
      const provider = form.provider.trim()
      const body = {
        format: form.format,
        files,
        ...(provider !== '' && { provider }),
        ...(Object.keys(columns).length > 0 && { columns }),
      }
      const read = await call('readImport', { body })
      if (read.problem_count > 0) return { read, rows: [] }
      const states = await send(read.rows, true)
      return { read, rows: read.rows.map((row, index) => ({ row, state: states[index] ?? 'written' })) }
    },
    onSettled: () => setProgress(undefined),
  })
  const record = useMutation({
    mutationFn: async (rows: readonly FoundRow[]): Promise<StateCounts> =>
      countStates(
        await send(
          rows.map(({ row }) => row),
          false,
        ),
      ),
    onSettled: async () => {
      setProgress(undefined)
      for (const queryKey of [booksKeys.months, booksKeys.report, keys.overview, keys.insight, keys.requestLists])
        await queryClient.invalidateQueries({ queryKey })
    },
  })
  return { look, record, progress }
}
