/** What every ledger must do, whatever database it stands on. One call per database runs the whole suite. */
import { afterAll, beforeAll, describe } from 'vitest'
import type { Ledger, NodeOpening } from '../../src/ports/ledger.ts'
import type { Owner } from '../support/ledger-rows.ts'
import { accessRules } from './ledger/access.ts'
import { adminRules } from './ledger/admin.ts'
import { batchRules } from './ledger/batches.ts'
import { budgetRules } from './ledger/budgets.ts'
import { commitmentRules } from './ledger/commitments.ts'
import { erasureRules } from './ledger/erasure.ts'
import { exportRules } from './ledger/exports.ts'
import { feedbackRules } from './ledger/feedback.ts'
import { findRequestRules } from './ledger/find-requests.ts'
import { groupRules } from './ledger/groups.ts'
import { idempotencyRules } from './ledger/idempotency.ts'
import { imageCostRules } from './ledger/image-costs.ts'
import { insightRules } from './ledger/insight.ts'
import { jobRules } from './ledger/jobs.ts'
import { monthRules } from './ledger/months.ts'
import { priceRules } from './ledger/prices.ts'
import { qualityRules } from './ledger/quality.ts'
import { readRules } from './ledger/reads.ts'
import { recordRules } from './ledger/records.ts'
import { recoveryRules } from './ledger/recovery.ts'
import { reportRules } from './ledger/reports.ts'
import { routeRules } from './ledger/routes.ts'
import { settleRules } from './ledger/settle.ts'
import { sweepRules } from './ledger/sweep.ts'

export interface LedgerHarness {
  /** Wall time the ledger is given, in microseconds; tests move it. */
  clock: { nowUs: number }
  /** Open the ledger of an empty database; each call on the same harness opens the same database. */
  open(): Promise<Ledger>
  /** Rows of a query, all integers as bigint, past every abstraction. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>
  /** Make the lease of a node run out, on whatever clock it is measured by. */
  expireLease(nodeId: string): Promise<void>
  /** Several ledgers may be open on the database at once. */
  readonly manyNodes: boolean
  dispose(): Promise<void>
}

/** An open ledger with one node, shared by the tests of a group; ids keep them apart. */
export interface OpenedLedger {
  readonly harness: LedgerHarness
  readonly ledger: Ledger
  readonly owner: Owner
  readonly opening: NodeOpening
}

export function ledgerContract(name: string, createHarness: () => Promise<LedgerHarness>): void {
  const groups = {
    settleRules,
    batchRules,
    budgetRules,
    idempotencyRules,
    readRules,
    findRequestRules,
    groupRules,
    qualityRules,
    accessRules,
    adminRules,
    priceRules,
    sweepRules,
    recoveryRules,
    commitmentRules,
    feedbackRules,
    insightRules,
    imageCostRules,
    exportRules,
    erasureRules,
    jobRules,
    monthRules,
    recordRules,
    reportRules,
    routeRules,
  }
  describe(`ledger on ${name}`, () => {
    for (const [group, rules] of Object.entries(groups)) {
      describe(group, () => {
        let opened: OpenedLedger
        beforeAll(async () => {
          const harness = await createHarness()
          const ledger = await harness.open()
          const opening = await ledger.openNode({ nodeId: 'node-1', leaseMs: 60_000 })
          opened = { harness, ledger, opening, owner: { nodeId: 'node-1', epoch: opening.epoch } }
        })
        afterAll(async () => {
          await opened.ledger.close()
          await opened.harness.dispose()
        })
        rules(() => opened)
      })
    }
  })
}
