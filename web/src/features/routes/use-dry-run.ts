import { useMutation } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import type { Body } from '../../api/paths.ts'
import { sentDocument } from '../../api/settings-queries.ts'
import type { Draft } from './use-draft.ts'

/** Tries the draft on past requests; the result is kept with the document that it is of. */
export function useDryRun(draft: Draft) {
  const { name, document, tried } = draft
  return useMutation({
    mutationFn: async (asked: Pick<Body<'tryRoute'>, 'days' | 'of'>) => {
      const body = { ...asked, document: sentDocument(document) }
      return { of: document, result: await call('tryRoute', { id: name, body }) }
    },
    onSuccess: ({ of, result }) => tried(of, result),
  })
}
