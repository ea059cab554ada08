/** Uploaded files, and batches of requests that are answered within a day. */
import type { TableSpecs } from './ddl.ts'

export const batchTables = {
  files: {
    key: ['id'],
    columns: {
      id: 'text',
      key_id: 'text',
      project_id: 'text',
      purpose: 'text',
      filename: 'text',
      bytes: 'int',
      /** Of the blob that holds it. */
      sha256: 'text',
      created_us: 'int',
      expires_us: 'int',
      deleted_us: 'int?',
    },
  },
  batches: {
    key: ['id'],
    hot: true,
    columns: {
      id: 'text',
      key_id: 'text',
      project_id: 'text',
      endpoint: 'text',
      file_id: 'text',
      /** JSON that the client gave and gets back. */
      metadata: 'text?',
      /** Of the call that made it, so that a repeat of that call makes no second one. */
      idempotency_key: 'text?',
      /** `validating`, `in_progress`, `cancelling`, then for good `completed`, `failed`, `cancelled` or `expired`. */
      state: 'text',
      created_us: 'int',
      started_us: 'int?',
      cancelling_us: 'int?',
      finished_us: 'int?',
      /** What is not begun by then never is. */
      expires_us: 'int',
      /** JSON list of what is wrong with the input file. */
      problems: 'text?',
      /** Who works on it, as long as that node lives. */
      node_id: 'text?',
    },
  },
  batch_lines: {
    key: ['batch_id', 'line'],
    hot: true,
    columns: {
      batch_id: 'text',
      /** From 1, as editors count. */
      line: 'int',
      custom_id: 'text',
      /** Where it stands in the input file. */
      byte_from: 'int',
      bytes: 'int',
      /** `waiting`, then for good `done`, `failed`, `cancelled` or `expired`. */
      state: 'text',
      /** It is not begun before. */
      run_at_us: 'int',
      tries: 'int',
      request_id: 'text?',
      http_status: 'int?',
      /** 1: its answer holds links to the pictures instead of their bytes. */
      links: 'int',
      /** JSON body of the error. */
      error: 'text?',
      finished_us: 'int?',
    },
  },
} as const satisfies TableSpecs

export const batchIndexes: readonly string[] = [
  'CREATE INDEX files_by_key ON files (key_id, id)',
  'CREATE INDEX files_expiry ON files (expires_us) WHERE deleted_us IS NULL',
  'CREATE INDEX batches_by_key ON batches (key_id, id)',
  'CREATE INDEX batches_open ON batches (created_us) WHERE finished_us IS NULL',
  'CREATE UNIQUE INDEX batches_by_idempotency ON batches (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL',
  "CREATE INDEX batch_lines_waiting ON batch_lines (batch_id, run_at_us, line) WHERE state = 'waiting'",
]
