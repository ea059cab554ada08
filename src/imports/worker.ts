/** Reads files of one order and ends. In a thread of its own: a bill of two megabytes holds its thread for a second. */
import { parentPort, workerData } from 'node:worker_threads'
import { MAX_IMPORT_PROBLEMS, type ReadImport } from '../contract/imports.ts'
import { parseFiles } from './index.ts'
import type { ReadOrder } from './thread.ts'

const { format, files, options } = workerData as ReadOrder
const { rows, skipped, problems } = parseFiles(format, files, options)
const answer: ReadImport = {
  object: 'import_files',
  rows: [...rows],
  skipped: [...skipped].map(([what, count]) => ({ what, rows: count })).sort((left, right) => right.rows - left.rows),
  problems: problems.slice(0, MAX_IMPORT_PROBLEMS).map((problem) => ({ ...problem })),
  problem_count: problems.length,
}
// As it is sent: tens of thousands of rows would be copied and written again by the thread that serves pictures.
const bytes = new TextEncoder().encode(JSON.stringify(answer))
parentPort?.postMessage(bytes, [bytes.buffer])
