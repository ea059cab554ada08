/** What must be true of the rows after anything: every stored sum equals the sum of what it summarises. */
import { expect } from 'vitest'
import type { LedgerHarness } from '../ledger.ts'
import { expectInsightEqualsEntries } from './insight-invariants.ts'

export async function expectConsistent(harness: LedgerHarness): Promise<void> {
  await expectBudgetsEqualEntries(harness)
  await expectRollupsEqualEntries(harness)
  await expectInsightEqualsEntries(harness)
  expect(
    await harness.query('SELECT reverses FROM charges WHERE reverses IS NOT NULL GROUP BY reverses HAVING count(*) > 1'),
  ).toEqual([])
}

/** Replaying holds and charges gives the budget counters. */
async function expectBudgetsEqualEntries(harness: LedgerHarness): Promise<void> {
  const wrong = await harness.query(`
    SELECT p.* FROM budget_periods p WHERE
      p.held_nano_usd <> coalesce((SELECT sum(h.amount_nano_usd) FROM holds h JOIN attempts a ON a.id = h.attempt_id
        WHERE h.budget_id = p.budget_id AND h.period = p.period AND h.period_start_us = p.period_start_us AND h.sandbox = p.sandbox
          AND a.state IN ('intent', 'dispatched')), 0)
      OR p.spent_nano_usd <> coalesce((SELECT sum(c.amount_nano_usd) FROM holds h JOIN charges c ON c.attempt_id = h.attempt_id
        WHERE h.budget_id = p.budget_id AND h.period = p.period AND h.period_start_us = p.period_start_us AND h.sandbox = p.sandbox), 0)`)
  expect(wrong).toEqual([])
}

const HOUR = 3_600_000_000

/** What is learned of each offer counts its attempts as what they were themselves. */
async function expectClassesEqualAttempts(harness: LedgerHarness): Promise<void> {
  const key = 'offer, operation, size_class, quality, prompt_class, outcome'
  const learned = await harness.query(`
    SELECT ${key}, CAST(sum(attempts) AS TEXT) AS n FROM (
      SELECT ${key}, attempts FROM rollups UNION ALL SELECT ${key}, attempts FROM class_shifts) AS counted
    GROUP BY ${key} HAVING sum(attempts) <> 0 ORDER BY ${key}`)
  const attempts = await harness.query(`
    SELECT ${key}, CAST(count(*) AS TEXT) AS n FROM (
      SELECT a.offer, coalesce(a.operation, r.operation) AS operation, coalesce(a.size_class, r.size_class) AS size_class,
        coalesce(a.quality, r.quality) AS quality, r.prompt_class, a.outcome
      FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.settled_us IS NOT NULL) AS was
    GROUP BY ${key} ORDER BY ${key}`)
  expect(learned).toEqual(attempts)
}

async function expectRollupsEqualEntries(harness: LedgerHarness): Promise<void> {
  const fromRollups = await harness.query(`
    SELECT hour_us AS h, sandbox, offer, CAST(sum(cost_nano_usd) AS TEXT) AS cost, CAST(sum(provisional_nano_usd) AS TEXT) AS provisional,
      CAST(sum(attempts) AS TEXT) AS attempts, CAST(sum(images) AS TEXT) AS images
    FROM rollups GROUP BY hour_us, sandbox, offer HAVING sum(attempts) <> 0 ORDER BY hour_us, sandbox, offer`)
  const fromEntries = await harness.query(`
    SELECT a.settled_us / ${HOUR} * ${HOUR} AS h, a.sandbox, a.offer,
      CAST(sum(coalesce((SELECT sum(c.amount_nano_usd) FROM charges c WHERE c.attempt_id = a.id), 0)) AS TEXT) AS cost,
      CAST(sum(CASE WHEN a.state = 'unknown' THEN coalesce((SELECT sum(c.amount_nano_usd) FROM charges c WHERE c.attempt_id = a.id), 0) ELSE 0 END) AS TEXT) AS provisional,
      CAST(count(*) AS TEXT) AS attempts, CAST(sum(a.images_made) AS TEXT) AS images
    FROM attempts a WHERE a.settled_us IS NOT NULL
    GROUP BY a.settled_us / ${HOUR} * ${HOUR}, a.sandbox, a.offer ORDER BY 1, 2, 3`)
  expect(fromRollups).toEqual(fromEntries)
  const byOutcome = await harness.query(
    `SELECT outcome, CAST(sum(attempts) AS TEXT) AS n FROM rollups GROUP BY outcome HAVING sum(attempts) <> 0 ORDER BY outcome`,
  )
  const attemptsByOutcome = await harness.query(
    `SELECT outcome, CAST(count(*) AS TEXT) AS n FROM attempts WHERE settled_us IS NOT NULL GROUP BY outcome ORDER BY outcome`,
  )
  expect(byOutcome).toEqual(attemptsByOutcome)
  await expectClassesEqualAttempts(harness)
  const requests = await harness.query(`SELECT CAST(coalesce(sum(requests), 0) AS TEXT) AS n FROM rollups`)
  expect(requests).toEqual(await harness.query('SELECT CAST(count(*) AS TEXT) AS n FROM requests WHERE finished_us IS NOT NULL'))
}
