/** Spend that was made elsewhere. */
import * as imports from './imports.ts'

export const importEndpoints = {
  importSpend: {
    method: 'POST',
    path: '/v1/halftone/imports',
    access: 'prices.write',
    summary: 'Record spend that was made elsewhere; known rows are left alone or corrected.',
    body: imports.importRequest,
    response: imports.importResponse,
  },
} as const
