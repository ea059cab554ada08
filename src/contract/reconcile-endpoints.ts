/** Attempts of unknown outcome. */
import { listOf } from './common.ts'
import * as reconcile from './reconcile.ts'

export const reconcileEndpoints = {
  listUnknown: {
    method: 'GET',
    path: '/v1/halftone/attempts/unknown',
    access: 'insight.all',
    summary: 'Attempts of which nobody knows what they were billed, oldest first.',
    query: reconcile.unknownQuery,
    response: listOf(reconcile.unknownAttempt),
  },
  reconcileAttempt: {
    method: 'POST',
    path: '/v1/halftone/attempts/{id}/reconcile',
    access: 'prices.write',
    summary: 'Evidence about an attempt: what stands is reversed, and what was billed is posted.',
    body: reconcile.reconcileRequest,
    response: reconcile.reconcileResponse,
  },
} as const
