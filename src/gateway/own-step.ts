/** The work of this machine on a call's pictures, where the operator gave it a price: held before it begins, charged for what was changed. */
import { type ErrorCode, HalftoneError } from '../core/error.ts'
import type { Candidate } from '../core/offer.ts'
import { OWN_PROVIDER, ownWork } from '../core/own-steps.ts'
import { settleCharges } from '../core/pricing/index.ts'
import { type Usage, wholeUnits } from '../core/usage.ts'
import type { FinishedCall, ReservedCall } from './conclude.ts'
import { type CallContext, reserveCall } from './run-call.ts'
import { settleCall } from './settle-call.ts'

export interface OwnStep {
  /** `seconds`: of all pictures that were changed together. */
  settle(changed: number, seconds: number): Promise<FinishedCall>
}

/** Why the pictures stay as they are. */
export type NotHeld = 'over_budget' | 'over_limit' | 'not_written'

/** What the request itself is held to. */
const beyondRequest: ReadonlySet<ErrorCode> = new Set(['quote_exceeded', 'cost_limit_exceeded'])

/** Never rejects: the pictures are paid for. Undefined: nothing to do, or it has no price. */
export async function reserveOwnStep(
  context: CallContext,
  made: ReservedCall,
  pictures: number,
  sequence: () => number,
): Promise<OwnStep | NotHeld | undefined> {
  const candidate = pictures > 0 ? ownWork(made.candidate, pictures) : undefined
  if (!candidate || !context.state.prices.overlays.has(OWN_PROVIDER)) return undefined
  const held = await reserveCall(context, {
    call: { kind: 'step', candidate: made.call.candidate, n: pictures },
    candidate,
    round: made.round,
    sequence: sequence(),
    firstImage: made.attempt.firstImage,
    maxCostNanoUsd: undefined,
    wholeNanoUsd: undefined,
  }).catch((err: unknown) => {
    if (err instanceof HalftoneError && beyondRequest.has(err.code)) return 'over_limit' as const
    context.services.log.error({ err, requestId: context.requestId }, 'the work of this machine on a picture could not be held')
    return undefined
  })
  if (!held) return 'not_written'
  if (held === 'over_limit') return held
  const { reserved, result } = held
  if (result.kind === 'budget_exceeded') context.onBudgetReached(result.budgetId)
  if (result.kind !== 'reserved') return 'over_budget'
  return {
    async settle(changed, seconds) {
      const done = finishedStep(context, reserved, candidate, { changed, seconds })
      context.purse.settle(reserved.attempt.id, done.settlement)
      await settleCall(context.services, done, undefined)
      return done
    },
  }
}

/** A picture that needed no change costs nothing. */
function finishedStep(
  { state, input, promptComplexity }: CallContext,
  reserved: ReservedCall,
  candidate: Candidate,
  { changed, seconds }: { readonly changed: number; readonly seconds: number },
): FinishedCall {
  const { attempt, call, round } = reserved
  const { size, format } = candidate.settings
  const usage: Usage = {
    'images.out': wholeUnits(changed),
    'megapixels.out': BigInt(size.width * size.height * changed),
    'compute.seconds': BigInt(Math.round(seconds * 1_000)) * 1_000n,
  }
  const settlement =
    changed === 0
      ? ({ kind: 'free', reason: 'No picture needed a change.' } as const)
      : settleCharges(state.prices, {
          candidate: { ...candidate, settings: { size, format, n: changed } },
          request: input.request,
          promptComplexity,
          atUs: attempt.pricedAtUs,
          outcome: 'succeeded',
          billed: 'yes',
          imagesMade: changed,
          usage,
        })
  return {
    reserved,
    record: { candidate: call.candidate, kind: 'step', round, imagesWanted: call.n, imagesMade: changed },
    result: { kind: 'done', images: [], usage, failures: [], warnings: [], evidence: {} },
    settlement: settlement.kind === 'charged' ? { ...settlement, lines: settlement.lines.map(asStep) } : settlement,
    consumption: undefined,
    assets: [],
    outcome: 'succeeded',
    durationUs: Math.round(seconds * 1e6),
    warnings: [],
  }
}

/** Not a provider's bill: reports tell it apart by its kind. */
const asStep = <Line extends { readonly kind: string }>(line: Line): Line => ({ ...line, kind: 'step' })
