/** Spend that was made elsewhere. */
import { listOf } from './common.ts'
import type { Endpoint } from './endpoints.ts'
import * as imports from './imports.ts'

export const importEndpoints = {
  listImportFormats: {
    method: 'GET',
    path: '/v1/halftone/imports/formats',
    access: 'prices.write',
    summary: 'The bills and logs that can be read, and what to export for each.',
    response: listOf(imports.importFormat),
  },
  readImport: {
    method: 'POST',
    path: '/v1/halftone/imports/files',
    access: 'prices.write',
    summary: 'Read exported bills or logs: their rows as an import takes them, and what is wrong with them. Nothing is written.',
    body: imports.readImportRequest,
    // As JSON every quotation mark of a file counts twice.
    maxBodyBytes: 2 * imports.MAX_IMPORT_BYTES,
    response: imports.readImportResponse,
  },
  importSpend: {
    method: 'POST',
    path: '/v1/halftone/imports',
    access: 'prices.write',
    summary: 'Record spend that was made elsewhere; known rows are left alone or corrected.',
    body: imports.importRequest,
    response: imports.importResponse,
  },
} as const satisfies Record<string, Endpoint>
