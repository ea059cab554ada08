/** Commands for ledger tests: complete, with small sensible values that a test overrides where it matters. */
import { v7 as uuidv7 } from 'uuid'
import type { ChargeLine } from '../../src/core/outcome.ts'
import type {
  BudgetRecord,
  NewAsset,
  NewAttempt,
  NewRequest,
  RequestFinish,
  ReserveCommand,
  SettleCommand,
} from '../../src/ports/ledger.ts'

/** Sunday 22 November 2026, 10:30 UTC. */
export const T0 = Date.UTC(2026, 10, 22, 10, 30) * 1000

export interface Owner {
  readonly nodeId: string
  readonly epoch: number
}

export function newReserve(
  owner: Owner,
  overrides: {
    readonly request?: Partial<NewRequest>
    readonly attempt?: Partial<NewAttempt>
    readonly budgetIds?: readonly string[]
    readonly idempotency?: ReserveCommand['idempotency']
    readonly sandbox?: boolean
    readonly holdNanoUsd?: bigint
  } = {},
): ReserveCommand & { readonly request: NewRequest } {
  const requestId = overrides.request?.id ?? uuidv7()
  const sandbox = overrides.sandbox ?? false
  const request: NewRequest = {
    id: requestId,
    createdUs: T0,
    keyId: 'key-1',
    projectId: 'project-1',
    operation: 'generate',
    model: 'auto',
    route: 'auto',
    n: 1,
    tags: {},
    fingerprint: `fingerprint-${requestId}`,
    sizeClass: '1k',
    quality: 'medium',
    promptClass: 'plain',
    sandbox,
    content: { prompt: 'a red fox', promptHmac: null, parameters: { size: '1024x1024' }, features: { words: 3 } },
    decision: { candidates: 1 },
    inputs: [],
    ...overrides.request,
  }
  const attempt = newAttempt(owner, {
    requestId,
    sandbox,
    holdNanoUsd: overrides.holdNanoUsd ?? 50_000_000n,
    ...overrides.attempt,
  })
  return {
    request,
    attempt,
    budgetIds: overrides.budgetIds ?? [],
    ...(overrides.idempotency && { idempotency: overrides.idempotency }),
  }
}

export function newAttempt(owner: Owner, overrides: Partial<NewAttempt> & { readonly requestId: string }): NewAttempt {
  return {
    id: uuidv7(),
    sequence: 1,
    kind: 'primary',
    state: 'dispatched',
    offer: 'acme:acme/painter',
    provider: 'acme',
    providerType: 'acme',
    model: 'acme/painter',
    settings: { size: '1024x1024', quality: 'medium' },
    imagesWanted: 1,
    firstImage: 0,
    expectedNanoUsd: 40_000_000n,
    holdNanoUsd: 50_000_000n,
    priceBook: 'book-1',
    pricedAtUs: T0,
    createdUs: T0,
    sandbox: false,
    ...owner,
    ...overrides,
  }
}

export const charge = (amountNanoUsd: bigint, overrides: Partial<ChargeLine> = {}): ChargeLine => ({
  kind: 'usage',
  meter: 'images.out',
  quantity: '1',
  amountNanoUsd,
  nativeAmount: String(Number(amountNanoUsd) / 1e9),
  nativeUnit: 'USD',
  fxRate: '1',
  fxSource: 'USD',
  rateId: 'rate-1',
  priceBook: 'book-1',
  provenance: 'metered',
  description: '1 image out',
  ...overrides,
})

export const newFinish = (overrides: Partial<RequestFinish> = {}): RequestFinish => ({
  finishedUs: T0 + 2_000_000,
  outcome: 'succeeded',
  httpStatus: 200,
  imagesReturned: 1,
  latencyUs: 2_000_000,
  response: { created: 1 },
  warnings: [],
  ...overrides,
})

export const newSettle = (reserve: ReserveCommand, overrides: Partial<SettleCommand> = {}): SettleCommand => ({
  attemptId: reserve.attempt.id,
  requestId: reserve.attempt.requestId,
  nodeId: reserve.attempt.nodeId,
  epoch: reserve.attempt.epoch,
  settledUs: T0 + 1_500_000,
  state: 'settled',
  outcome: 'succeeded',
  billed: 'yes',
  usage: { 'images.out': '1' },
  charges: [charge(40_000_000n)],
  imagesMade: 1,
  assets: [],
  evidence: { status: 200 },
  findings: [],
  httpStatus: 200,
  durationUs: 1_400_000,
  finish: newFinish(),
  ...overrides,
})

export const newAsset = (overrides: Partial<NewAsset> = {}): NewAsset => ({
  id: uuidv7(),
  role: 'output',
  index: 0,
  sha256: 'a'.repeat(64),
  bytes: 1024,
  mediaType: 'image/png',
  width: 1024,
  height: 1024,
  expiresUs: T0 + 30 * 86_400_000_000,
  ...overrides,
})

export const newBudget = (id: string, overrides: Partial<BudgetRecord> = {}): BudgetRecord => ({
  id,
  scope: 'global',
  scopeValue: '',
  period: 'day',
  limitNanoUsd: 1_000_000_000n,
  hard: true,
  managedBy: 'api',
  ...overrides,
})
