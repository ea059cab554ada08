/** A life that leaves something in every sum: requests with every kind of end, over several days, real and sandbox. */
import { v7 as uuidv7 } from 'uuid'
import type { ChargeLine, Outcome } from '../../../src/core/outcome.ts'
import type { Ledger, NewLot, RequestFinish, ReserveCommand, SettleCommand } from '../../../src/ports/ledger.ts'
import { charge, newAsset, newAttempt, newFinish, newReserve, newSettle, type Owner, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const DAY = 86_400_000_000

/** Mulberry32: the same run each time. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Chance {
  readonly random: () => number
  one<T>(values: readonly T[]): T
}

function chanceFrom(seed: number): Chance {
  const random = randomFrom(seed)
  return { random, one: <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T }
}

/** A request that was reserved and waits for its end. */
interface Running extends Chance {
  readonly ledger: Ledger
  readonly owner: Owner
  readonly index: number
  readonly made: number
  readonly reserve: ReserveCommand
  readonly charges: readonly ChargeLine[]
  /** When it is settled, and how long the call took. */
  readonly common: Pick<SettleCommand, 'settledUs' | 'durationUs'>
  finish(outcome: Outcome, images: number): RequestFinish
}

async function begin({ ledger, owner }: OpenedLedger, chance: Chance, index: number): Promise<Running> {
  const { random, one } = chance
  const at = T0 - Math.floor(random() * 6 * DAY)
  const sandbox = random() < 0.2
  const made = 1 + Math.floor(random() * 3)
  const reserve = newReserve(owner, {
    sandbox,
    holdNanoUsd: 90_000_000n,
    request: {
      id: uuidv7({ msecs: Math.floor(at / 1_000) }),
      createdUs: at,
      n: made,
      operation: one(['generate', 'edit'] as const),
      sizeClass: one(['1k', '2k']),
      quality: one(['', 'low', 'high']),
      route: one(['auto', 'thumbnails']),
      projectId: one(['shop', 'studio']),
      keyId: one(['key-a', 'key-b', 'key-c']),
      promptClass: one(['plain', 'people']),
      tags: one<Record<string, string>>([{}, { campaign: 'summer' }, { campaign: "win'ter", other: 'x' }]),
      ...(random() < 0.5 && { endCustomer: one(['ann', 'bob', 'o"hara']) }),
      ...(random() < 0.3 && { group: one(['g-1', 'g-2']) }),
      ...(random() < 0.5 && { baseline: { name: one(['everything-high', 'last-year']), expectedNanoUsd: 100_000_001n } }),
    },
    attempt: { offer: one(['acme:acme/painter', 'acme:acme/fast@eu', 'bolt:acme/painter+batch']), kind: 'primary' },
  })
  await ledger.reserve(reserve)
  return {
    ...chance,
    ledger,
    owner,
    index,
    made,
    reserve,
    common: { settledUs: at + 1_500_000, durationUs: 1_000_000 + Math.floor(random() * 9e6) },
    charges: [charge(BigInt(1 + Math.floor(random() * 90_000_000)))],
    finish: (outcome, imagesReturned) =>
      newFinish({ outcome, imagesReturned, finishedUs: at + 2_000_000, latencyUs: Math.floor(random() * 20e6) }),
  }
}

type End = (running: Running) => Promise<unknown>

const good: End = ({ ledger, reserve, common, charges, made, finish }) =>
  ledger.settle(newSettle(reserve, { ...common, charges, imagesMade: made, finish: finish('succeeded', made) }))

const partial: End = ({ ledger, reserve, common, charges, finish }) =>
  ledger.settle(newSettle(reserve, { ...common, outcome: 'partial', charges, imagesMade: 1, finish: finish('partial', 1) }))

const refused: End = ({ ledger, reserve, common, charges, finish }) =>
  ledger.settle(newSettle(reserve, { ...common, outcome: 'refused', charges, imagesMade: 0, finish: finish('refused', 0) }))

const nothingMade = { charges: [], imagesMade: 0 } as const

const free: End = ({ ledger, reserve, common, finish }) => {
  const ended = { state: 'voided', billed: 'no', outcome: 'rate_limited', finish: finish('error', 0) } as const
  return ledger.settle(newSettle(reserve, { ...common, ...nothingMade, ...ended }))
}

/** Half of the unknown ones are cleared up, twice with the same evidence. */
const unknown: End = async ({ ledger, reserve, common, charges, finish, random, index }) => {
  const ended = { state: 'unknown', billed: 'unknown', outcome: 'timeout', finish: finish('timeout', 0) } as const
  await ledger.settle(newSettle(reserve, { ...common, ...nothingMade, ...ended }))
  if (random() < 0.5) return
  const evidence = { atUs: T0, evidenceId: `e-${index}`, source: 'invoice', outcome: 'succeeded' } as const
  for (let twice = 0; twice < 2; twice += 1)
    await ledger.reconcile({ attemptId: reserve.attempt.id, ...evidence, charges, assets: [newAsset()] })
}

/** Another attempt will end the request. */
const withoutFinish = ({ finish: _, ...settle }: SettleCommand): SettleCommand => settle

const second: End = async ({ ledger, owner, reserve, common, charges, made, finish, random }) => {
  await ledger.settle(withoutFinish(newSettle(reserve, { ...common, outcome: 'error', charges, imagesMade: 0 })))
  const { requestId, sandbox } = reserve.attempt
  const kind = random() < 0.5 ? 'fallback' : 'hedge'
  const again = { attempt: newAttempt(owner, { requestId, sandbox, sequence: 2, kind }), budgetIds: [] }
  await ledger.reserve(again)
  await ledger.settle(newSettle(again, { ...common, charges, imagesMade: made, finish: finish('succeeded', made) }))
}

const corrected: End = async (running) => {
  const { ledger, reserve, random } = running
  await good(running)
  const standing = (await ledger.read.request(reserve.attempt.requestId))?.attemptRows[0]?.charges.map(({ id }) => id) ?? []
  const amountNanoUsd = -BigInt(Math.floor(random() * 1_000))
  const line = charge(amountNanoUsd, { kind: 'correction', rateId: 'rate-2', priceBook: 'book-2' })
  const corrections = [{ line, corrects: standing[0] ?? '' }]
  await ledger.prices.correct({ attemptId: reserve.attempt.id, atUs: T0, standing, corrections, evidence: {} })
}

const words = [{ verdict: 'accept' }, { verdict: 'reject' }, { verdict: 'score', score: 250 }] as const

/** What people say goes through the words in turn. */
function ratedInTurn(): End {
  let rated = 0
  return async ({ ledger, reserve, common, charges, made, finish }) => {
    const ended = { charges, imagesMade: made, assets: [newAsset()], finish: finish('succeeded', made) }
    await ledger.settle(newSettle(reserve, { ...common, ...ended }))
    const subject = { requestId: reserve.attempt.requestId }
    const word = words[rated % words.length] ?? words[0]
    await ledger.feedback.rate({ subject, keyId: 'key-a', signal: 'explicit', ...word, atUs: T0 })
    rated += 1
  }
}

const unserved: End = ({ ledger, reserve, finish }) =>
  ledger.finishRequest({ requestId: reserve.attempt.requestId, finish: finish('error', 0) })

/** A lot that ended without a draw. */
const unusedLot: NewLot = {
  id: 'unused',
  provider: 'acme',
  commitment: 'credits',
  kind: 'prepaidCredits',
  startsUs: T0 - 9 * DAY,
  expiresUs: T0 - 2 * DAY,
  meter: null,
  capacity: 1_000n,
  paidNanoUsd: 777n,
  nativeAmount: '1',
  nativeUnit: 'USD',
  source: 'test',
  managedBy: 'file',
}

/** `count` requests, the same in each run; some of them are answered again, and a lot ends unused. */
export async function live(opened: OpenedLedger, count: number): Promise<void> {
  const { ledger } = opened
  const chance = chanceFrom(7)
  const rated = ratedInTurn()
  const ends = [good, good, good, partial, refused, free, unknown, unknown, second, second, corrected, rated, unserved]
  for (let index = 0; index < count; index += 1) {
    const running = await begin(opened, chance, index)
    await chance.one(ends)(running)
  }
  for (const { id } of (await ledger.read.requests({ limit: 20 })).rows)
    await ledger.countRepeat({ requestId: id, savedNanoUsd: 40_000_001n })
  await ledger.commitments.putLots([unusedLot])
  await ledger.commitments.closeLots({ atUs: T0 })
}
