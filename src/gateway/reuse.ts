/** Equal requests that may share one picture, where their route or the client says so: paid for once, like a cache, out of the ledger and the image store. */
import { HalftoneError } from '../core/error.ts'
import type { RequestRecord } from '../ports/ledger.ts'
import type { Chooser } from './chooser.ts'
import { withDeadline } from './deadline.ts'
import { policyOf } from './decide.ts'
import { type ExecuteInput, type ExecuteResult, noTokens, type ResultSummary, summaryFromJson } from './execution.ts'
import { joinKey, type Repeats } from './repeats.ts'
import { replayRequest } from './replay.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface Reuse {
  /**
   * The pictures of an equal request of the same key, if one that is recent enough may be shared, else those that `make` makes; of equal requests at
   * once one makes them and the others wait for it. Rejects as `make` does, and as the plan of the request does when its model means nothing.
   */
  sharedOr(
    input: ExecuteInput,
    state: GatewayState,
    fingerprint: string,
    make: () => Promise<ExecuteResult>,
  ): Promise<ExecuteResult>
}

export interface ReuseOptions {
  readonly services: GatewayServices
  readonly repeats: Pick<Repeats, 'countPrevented'>
  readonly plan: Chooser['plan']
}

interface Sharing {
  readonly input: ExecuteInput
  readonly fingerprint: string
  readonly seconds: number
}

export function createReuse({ services, repeats, plan }: ReuseOptions): Reuse {
  /** What is being made, by key and fingerprint; these promises never reject. */
  const making = new Map<string, Promise<void>>()

  /** What was chosen then has to be among what may be chosen now: prices, floors, keys and routes may have changed. An outage takes nothing away. */
  function isStillEligible(input: ExecuteInput, { offer, quality }: ResultSummary): boolean {
    const planned = plan(input, 'named')
    if (planned.eliminated.some((each) => each.offer === offer && each.reason === 'unhealthy')) return true
    if (planned.kind === 'none') return false
    return planned.attempts.some(
      ({ candidate }) => candidate.offer.id === offer && (quality === undefined || candidate.settings.quality === quality),
    )
  }

  async function replay(record: RequestRecord, nowUs: number): Promise<ExecuteResult | undefined> {
    try {
      const { summary, ...result } = await replayRequest(services, record.id, 'hit')
      const warnings = [...summary.warnings, reusedWarning(record, nowUs)]
      const free = { costNanoUsd: 0n, costStatus: 'final', attempts: 0, tokens: noTokens } as const
      await repeats.countPrevented(record.id, record.costNanoUsd)
      return { ...result, summary: { ...summary, ...free, warnings } }
    } catch (error) {
      // Deleted meanwhile: made anew.
      if (error instanceof HalftoneError && error.code === 'asset_expired') return undefined
      throw error
    }
  }

  async function share({ input, fingerprint, seconds }: Sharing): Promise<ExecuteResult | undefined> {
    const nowUs = services.clock.nowUs()
    const { keyId } = input.caller
    const query = { keyId, fingerprint, sinceUs: nowUs - seconds * 1_000_000, answered: true } as const
    const earlier = await services.ledger.read.byFingerprint(query)
    const record = earlier && (await services.ledger.read.request(earlier.requestId))
    if (!record?.response || !isWhole(record)) return undefined
    return isStillEligible(input, summaryFromJson(record.response, 'hit')) ? replay(record, nowUs) : undefined
  }

  async function makeFor(key: string, make: () => Promise<ExecuteResult>): Promise<ExecuteResult> {
    const made = make()
    const ended = made.then(
      () => undefined,
      () => undefined,
    )
    making.set(key, ended)
    try {
      return await made
    } finally {
      if (making.get(key) === ended) making.delete(key)
    }
  }

  return {
    async sharedOr(input, state, fingerprint, make) {
      const { caller, options, request } = input
      const policy = policyOf(request.model, state, services.clock.nowUs())
      const seconds = options.cacheSeconds ?? (policy.observe ? 0 : (policy.cacheSeconds ?? 0))
      if (seconds === 0) return make()
      const sharing = { input, fingerprint, seconds }
      const key = joinKey(caller, fingerprint)
      const shared = await share(sharing)
      if (shared) return shared
      const other = making.get(key)
      if (!other) return makeFor(key, make)
      // Once: behind an offer that is down they would wait for each other in a row.
      const afterwards = await withDeadline(
        input,
        other.then(() => share(sharing)),
        undefined,
      )
      return afterwards ?? makeFor(key, make)
    },
  }
}

/** All the pictures asked for are there, and nobody wanted another one. */
const isWhole = ({ images, n }: RequestRecord): boolean =>
  images.length >= n && images.every(({ expired, rating }) => !expired && rating.rejected <= rating.accepted)

const reusedWarning = ({ id, createdUs }: RequestRecord, nowUs: number) => {
  const seconds = Math.round((nowUs - createdUs) / 1e6)
  return { code: 'reused', message: `The pictures of request ${id}, asked for ${seconds} s before; nothing was paid.` } as const
}
