/** What the answers about the past have in common. */
import type { InsightOverview } from '../../contract/insight.ts'
import { daysOf, type Period } from '../../core/insight/period.ts'
import type { TagRule } from '../../core/insight/rules.ts'
import { formatUsd, type NanoUsd } from '../../core/money.ts'
import { createTurns, type Turns } from '../../gateway/turns.ts'
import type { InsightObject } from '../../ports/ledger.ts'
import { type Call, signalOf } from '../handler.ts'
import { isoTime } from '../wire.ts'
import { spendsNothing } from './budgets.ts'

export const usdOrNull = (amount: NanoUsd | null | undefined): string | null =>
  amount === null || amount === undefined ? null : formatUsd(amount)

/** Microseconds as milliseconds with three digits after the point. */
export const msOrNull = (us: bigint | undefined): number | null => (us === undefined ? null : Number(us) / 1_000)

export const rounded = (share: number | null): number | null => (share === null ? null : Number(share.toFixed(6)))

export const periodWire = (period: Period, nowUs: number): InsightOverview['period'] => ({
  name: period.name,
  from: isoTime(period.fromUs),
  to: isoTime(period.toUs),
  days: daysOf(period),
  complete: period.toUs <= nowUs,
})

/** Real money unless nothing but sandboxes is configured, or somebody asks. */
export const isSandbox = ({ context }: Pick<Call, 'context'>, asked: boolean | undefined): boolean =>
  asked ?? spendsNothing(context)

/** For one answer: once its client has left, nothing more is worked out. */
export const turnsOf = (call: Call): Turns => createTurns(call.context.services.clock, signalOf(call))

/** As `insight-objects.ts` stores them. */
export interface StoredTagRule extends TagRule {
  readonly name: string
  readonly position: number
  readonly enabled: boolean
}

export const byPosition = (left: InsightObject, right: InsightObject): number =>
  ruleOf(left).position - ruleOf(right).position || (left.id < right.id ? -1 : 1)

export const ruleOf = ({ document }: InsightObject): StoredTagRule => document as unknown as StoredTagRule

/** In the order they are applied. */
export async function activeRules({ context }: Pick<Call, 'context'>): Promise<readonly TagRule[]> {
  const objects = await context.services.ledger.insight.objects('tag_rule')
  return [...objects]
    .sort(byPosition)
    .map(ruleOf)
    .filter(({ enabled }) => enabled)
}
