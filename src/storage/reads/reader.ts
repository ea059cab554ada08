import type { Kysely } from 'kysely'
import type { LedgerReader } from '../../ports/ledger.ts'
import type { Database } from '../schema.ts'
import { createExperienceReads } from './experience.ts'
import { createGroupReads } from './groups.ts'
import { createLineageReads } from './lineage.ts'
import { createObservationReads } from './observations.ts'
import { createReportReads } from './reports.ts'
import { createPastReads } from './reports-past.ts'
import { createRequestReads, readRequests } from './requests.ts'
import { createTryReads } from './tries.ts'

/** Everything that can be read, lists and sums of much by `longReads`; each answer sees every commit that was acknowledged before the question. */
export const createReader = (db: Kysely<Database>, longReads: Kysely<Database>): LedgerReader => ({
  ...createRequestReads(db),
  ...createReportReads(db),
  ...createTryReads(db),
  ...createExperienceReads(db),
  ...createGroupReads(db),
  ...createLineageReads(db),
  ...createObservationReads(db),
  requests: (query) => readRequests(longReads, query),
  reports: createPastReads(longReads),
})
