/** How a request ends whose calls were brought to their end after a crash: as it would have, from the rows of its calls. */
import { type ErrorCode, errorCatalogue } from '../core/error.ts'
import type { Candidate, CandidateSettings, OfferId, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { formatSize } from '../core/request.ts'
import { formatQuantity } from '../core/usage.ts'
import type { AttemptRecordRow, RequestFinish, RequestRecord } from '../ports/ledger.ts'
import type { FinishedCall } from './conclude.ts'
import { type ResultSummary, summaryToJson, type TokenUsage } from './execution.ts'

/** Settings as `reserveCall` stored them. */
export const settingsOf = ({ settings }: AttemptRecordRow): StoredSettings => settings as unknown as StoredSettings

type StoredSettings = CandidateSettings & Pick<Candidate, 'finishing'> & { readonly boughtStep?: object }

/** The last call of a request to end, as it is about to be settled. */
export interface LastCall {
  readonly row: AttemptRecordRow
  readonly imagesMade: number
  /** What the ledger will post for it. */
  readonly costNanoUsd: bigint
  /** `free`: repeating the request pays for nothing twice. */
  readonly money: 'known' | 'free' | 'unknown'
  readonly usage: Readonly<Record<string, string>>
  readonly outcome: RequestFinish['outcome']
  readonly failure?: Pick<AttemptFailure, 'code' | 'message'>
  readonly warnings: readonly Warning[]
  /** Of its first picture. */
  readonly size?: { readonly width: number; readonly height: number }
}

/**
 * Nobody waits for the answer any more, but whoever repeats the request gets it, and pays for nothing twice. `others` are its other calls,
 * all of them settled.
 */
export function recoveredFinish(
  record: RequestRecord,
  others: readonly AttemptRecordRow[],
  last: LastCall,
  nowUs: number,
): RequestFinish {
  const images = last.imagesMade + others.reduce((sum, { imagesMade }) => sum + imagesMade, 0)
  const failure: { readonly code: ErrorCode; readonly message: string } | undefined =
    images > 0 ? undefined : (last.failure ?? { code: 'provider_no_image', message: 'The provider returned no image.' })
  const isAtRisk = last.money !== 'free' || others.some(({ state }) => state !== 'voided')
  return {
    finishedUs: nowUs,
    outcome: images === 0 ? last.outcome : images < record.n ? 'partial' : 'succeeded',
    httpStatus: failure ? errorCatalogue[failure.code].status : 200,
    imagesReturned: images,
    latencyUs: nowUs - record.createdUs,
    warnings: last.warnings,
    ...(failure && { errorCode: failure.code, errorMessage: failure.message }),
    // A failure that cost nothing is not kept: repeating it is free.
    ...((images > 0 || isAtRisk) && {
      response: { ...summaryToJson(summaryOf(record, others, last)), ...(failure && { error: { ...failure } }) },
    }),
  }
}

function summaryOf(record: RequestRecord, others: readonly AttemptRecordRow[], last: LastCall): ResultSummary {
  const maker = last.imagesMade > 0 ? last.row : (others.findLast(({ imagesMade }) => imagesMade > 0) ?? last.row)
  const { size, quality, background, format } = settingsOf(maker)
  const made = last.size ?? record.assets.find(({ role }) => role === 'output')
  return {
    // A row holds the id that it was reserved with.
    offer: maker.offer as OfferId,
    costNanoUsd: last.costNanoUsd + others.reduce((sum, { charges }) => sum + sumOf(charges), 0n),
    costStatus: costStatusOf(others, last),
    attempts: others.length + 1,
    cache: 'miss',
    sandbox: record.sandbox,
    warnings: last.warnings,
    size: formatSize(made && made.width > 0 ? { width: made.width, height: made.height } : size),
    ...(quality && { quality }),
    ...(background && { background }),
    format,
    tokens: tokensOf([...others.map(({ usage }) => usage), last.usage]),
  }
}

const sumOf = (charges: AttemptRecordRow['charges']): bigint =>
  charges.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0n)

function costStatusOf(others: readonly AttemptRecordRow[], { money }: LastCall): ResultSummary['costStatus'] {
  if (money === 'unknown' || others.some(({ state }) => state === 'unknown')) return 'unknown'
  return others.some(({ charges }) => charges.some(({ provenance }) => provenance === 'estimated')) ? 'estimated' : 'final'
}

function tokensOf(usages: readonly Readonly<Record<string, string>>[]): TokenUsage {
  const sum = (...meters: readonly string[]): number =>
    Math.floor(usages.reduce((total, usage) => total + meters.reduce((part, meter) => part + Number(usage[meter] ?? 0), 0), 0))
  return {
    textIn: sum('tokens.text.in', 'tokens.text.in.cached'),
    imageIn: sum('tokens.image.in', 'tokens.image.in.cached'),
    textOut: sum('tokens.text.out'),
    imageOut: sum('tokens.image.out'),
  }
}

/** What a finished call says of itself. */
export function lastCallOf(row: AttemptRecordRow, done: FinishedCall, warnings: readonly Warning[]): LastCall {
  const { settlement, result, record, assets } = done
  const { usage } = result.kind === 'done' ? result : result.failure
  const [first] = assets
  return {
    row,
    imagesMade: record.imagesMade,
    costNanoUsd: settlement.kind === 'charged' ? settlement.totalNanoUsd : settlement.kind === 'free' ? 0n : row.holdNanoUsd,
    money: settlement.kind === 'charged' ? 'known' : settlement.kind === 'free' ? 'free' : 'unknown',
    usage: Object.fromEntries(Object.entries(usage ?? {}).map(([meter, quantity]) => [meter, formatQuantity(quantity)])),
    outcome: done.outcome,
    warnings,
    ...(record.failure && { failure: record.failure }),
    ...(first && { size: first }),
  }
}
