/** The errors that providers document, each with the exchange that shows it: `_errors.json` beside a codec's fixtures. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type ErrorCode, errorCatalogue } from '../src/core/error.ts'
import { fixturesFolder } from './provider-matrix.ts'

const source = z.strictObject({
  /** What it is, the surest first. The source code of a server says where it raises what no page lists. */
  kind: z.enum(['specification', 'documentation', 'sdk', 'source code']),
  url: z.url({ protocol: /^https$/ }),
  /** The day it was read. */
  checked: z.iso.date(),
})

const documentedError = z
  .strictObject({
    /** Of the answer that carries it: 200 for a job that failed, or an error in a stream. */
    status: z.int().min(200).max(599),
    /** The provider's own word for it, as it stands in the answer; absent: it has none. */
    code: z.string().min(1).optional(),
    /** What the provider says of it, in short. */
    says: z.string().min(3),
    /** What Halftone makes of it: a code of the catalogue. */
    as: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]), // The catalogue is not empty.
    /** Of a refusal. */
    stage: z.enum(['before', 'after', 'unknown']).optional(),
    retryable: z.boolean(),
    billed: z.enum(['yes', 'no', 'unknown']),
    /** Which of `sources` names it. */
    source: z.string(),
    /** The exchange that shows it, which shows no other. */
    fixture: z.string(),
  })
  .refine((error) => (error.as === 'content_refused') === (error.stage !== undefined), 'a refusal, and nothing else, has a stage')

const file = z.strictObject({
  sources: z.record(z.string(), source),
  errors: z.array(documentedError).min(1),
  /** Exchanges that fail in a way no document lists, and why they are kept. */
  observed: z.record(z.string(), z.string().min(10)).default({}),
})

export type DocumentedError = z.infer<typeof documentedError>
export type DocumentedErrors = z.infer<typeof file>

/** The list of one type; undefined: it has none. Throws on a list that is not well formed. */
export function documentedErrors(type: string, root = fixturesFolder): DocumentedErrors | undefined {
  const path = join(root, type, '_errors.json')
  return existsSync(path) ? file.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined
}
