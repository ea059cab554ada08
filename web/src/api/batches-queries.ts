/** Reads of batches. What is not over is looked at again by itself. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { type BatchFilter, isOver } from '../features/batches/select-batches.ts'
import { ApiError, call, callForm } from './client.ts'
import { type Answer, filePath } from './paths.ts'

export const batchKeys = {
  list: ['batches'],
  batch: (id: string) => ['batch', id],
  lines: (id: string) => ['batch-lines', id],
} as const

const LINES = 50
/** Each is counted and added up anew when the list is looked at again. */
const BATCHES = 20
const LOOK_EVERY_MS = 2_000

export const batchesQuery = infiniteQueryOptions({
  queryKey: batchKeys.list,
  queryFn: ({ signal, pageParam }) => call('listBatches', { query: { limit: BATCHES, after: pageParam }, signal }),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (page) => (page.has_more ? (page.last_id ?? undefined) : undefined),
  refetchInterval: ({ state }) =>
    state.data?.pages.some(({ data }) => data.some((batch) => !isOver(batch))) ? 5 * LOOK_EVERY_MS : 60_000,
})

/** Null: there is none within reach. */
export const batchQuery = (id: string) =>
  queryOptions({
    queryKey: batchKeys.batch(id),
    queryFn: async ({ signal }) => {
      try {
        return await call('getBatch', { id, signal })
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null
        throw error
      }
    },
    refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? LOOK_EVERY_MS : false),
  })

/** `live`: the batch is not over, so that its lines change. */
export const batchLinesQuery = (id: string, state: BatchFilter | undefined, live: boolean) =>
  infiniteQueryOptions({
    queryKey: [...batchKeys.lines(id), state ?? 'all'],
    queryFn: ({ signal, pageParam }) => call('listBatchLines', { id, query: { limit: LINES, state, after: pageParam }, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: live ? 2 * LOOK_EVERY_MS : false,
  })

/** Uploads the lines of a batch; nothing is done with them yet. */
export function uploadLines(lines: Blob, name: string): Promise<Answer<'createFile'>> {
  const form = new FormData()
  form.set('purpose', 'batch')
  form.set('file', lines, name)
  return callForm('createFile', form)
}

export const fileUrl = (id: string): string => filePath.replace('{id}', encodeURIComponent(id))
