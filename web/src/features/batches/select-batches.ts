/** Batches in the URL and in words. Pure. */
import type { BatchQuote, BatchWire, batchTargets } from '../../../../src/contract/batch-endpoints.ts'
import { perMille } from '../../lib/money.ts'
import { counted, formatCount } from '../../lib/numbers.ts'
import { formatMoment } from '../../lib/time.ts'

export type Endpoint = (typeof batchTargets)[number]

export interface BatchesSearch {
  /** The form for a new one is open. */
  readonly new?: true
}

export const parseBatchesSearch = (search: Record<string, unknown>): BatchesSearch =>
  search['new'] === true || search['new'] === 'true' ? { new: true } : {}

export const batchFilters = ['waiting', 'done', 'failed'] as const
export type BatchFilter = (typeof batchFilters)[number]

export interface BatchSearch {
  /** Lines of this kind only. */
  readonly lines?: BatchFilter
}

export function parseBatchSearch(search: Record<string, unknown>): BatchSearch {
  const lines = batchFilters.find((known) => known === search['lines'])
  return lines ? { lines } : {}
}

/** What lines ask for, in words. The contract's list would bring every schema into the bundle; its type keeps this one whole. */
export const endpointTexts: Readonly<Record<Endpoint, string>> = {
  '/v1/images/generations': 'generations',
  '/v1/images/edits': 'edits',
  '/v1/images/variations': 'variations',
  '/v1/images/upscale': 'upscaling',
  '/v1/images/remove-background': 'background removal',
}
export const endpoints = Object.keys(endpointTexts) as Endpoint[]

const overStates: ReadonlySet<BatchWire['status']> = new Set(['failed', 'completed', 'expired', 'cancelled'])
export const isOver = ({ status }: Pick<BatchWire, 'status'>): boolean => overStates.has(status)

interface StateText {
  readonly text: string
  readonly tone: 'good' | 'warn' | 'bad' | 'muted' | 'live'
}

export function stateText({ status, request_counts: { failed } }: Pick<BatchWire, 'status' | 'request_counts'>): StateText {
  switch (status) {
    case 'validating':
      return { text: 'reading the file', tone: 'live' }
    case 'in_progress':
      return { text: 'under way', tone: 'live' }
    case 'cancelling':
      return { text: 'being cancelled', tone: 'live' }
    case 'completed':
      return failed > 0 ? { text: 'completed, not all of it', tone: 'warn' } : { text: 'completed', tone: 'good' }
    case 'failed':
      return { text: 'failed: errors in its file', tone: 'bad' }
    case 'expired':
      return { text: 'out of time', tone: 'warn' }
    case 'cancelled':
      return { text: 'cancelled', tone: 'muted' }
  }
}

type Ends = Pick<
  BatchWire,
  'status' | 'expires_at' | 'completed_at' | 'failed_at' | 'expired_at' | 'cancelled_at' | 'request_counts'
>

const endedAt = (batch: Ends): number | null => batch.completed_at ?? batch.failed_at ?? batch.expired_at ?? batch.cancelled_at

/** Seconds of the API as a minute: `2026-11-23 14:05 UTC`. */
export const minuteOf = (seconds: number): string => `${formatMoment(new Date(seconds * 1_000).toISOString()).slice(0, 16)} UTC`

/** When it ended, or by when it has to. */
export function endText(batch: Ends): string {
  const ended = endedAt(batch)
  return ended === null ? `by ${minuteOf(batch.expires_at)}` : minuteOf(ended)
}

/** By what one knows it again: what it asks for, and what whoever handed it in wrote on it. */
export const aboutText = ({ endpoint, metadata }: Pick<BatchWire, 'endpoint' | 'metadata'>): string =>
  [endpointTexts[endpoint], ...Object.entries(metadata ?? {}).map(([name, value]) => `${name} ${value}`)].join(', ')

/** How much of it is over, of 1000. */
export const progressOf = ({ request_counts: { total, completed, failed } }: Pick<BatchWire, 'request_counts'>): number =>
  perMille(BigInt(completed + failed), BigInt(total))

/** `3 of 10 done, 1 failed` */
export function countsText({
  status,
  request_counts: { total, completed, failed },
}: Pick<BatchWire, 'status' | 'request_counts'>) {
  if (total === 0) return status === 'validating' ? 'not read yet' : 'none begun'
  return `${formatCount(completed)} of ${formatCount(total)} done${failed > 0 ? `, ${formatCount(failed)} failed` : ''}`
}

/** What the first lines ask for; undefined: nothing that a batch takes. */
export function endpointOf(text: string): Endpoint | undefined {
  const url = /"url"\s*:\s*"([^"]*)"/.exec(text)?.[1]
  return endpoints.find((each) => each === url)
}

export interface QuoteView {
  /** It can be started. */
  readonly ready: boolean
  /** `10 lines, 14 pictures` */
  readonly what: string
  /** What the sum leaves out or takes for granted, one each. */
  readonly notes: readonly string[]
}

export function selectQuote(quote: BatchQuote): QuoteView {
  const { lines, priced, images, assumed_sizes: assumed, refused_count: refused, complete, errors } = quote
  return {
    ready: errors.length === 0 && priced > 0,
    what: `${counted(lines, 'line')}, ${counted(images, 'picture')}`,
    notes: [
      ...(complete ? [] : [`Pricing took too long: ${counted(lines - priced - refused, 'line')} more are not in the sum.`]),
      ...(assumed > 0
        ? [`Pictures of ${counted(assumed, 'line')} are given by their addresses and taken to be of 1024x1024.`]
        : []),
      'Each line counts by itself, at what it would be tried with first now. Tiers that the batch reaches on its way, failed tries and fallbacks are not in it.',
    ],
  }
}
