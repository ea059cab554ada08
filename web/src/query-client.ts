import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './api/client.ts'
import { keys } from './api/queries.ts'

/** The cache of server state. `onSignedOut` runs when any call finds the session gone. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const watch = (error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 401 || !client.getQueryData(keys.session)) return
    client.setQueryData(keys.session, null)
    onSignedOut()
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: watch }),
    mutationCache: new MutationCache({ onError: watch }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        // A refused or impossible request stays so; only a lost connection or a busy gateway is worth one more try.
        retry: (failures, error) => failures < 1 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      },
    },
  })
  return client
}
