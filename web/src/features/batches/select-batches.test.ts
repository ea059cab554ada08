import { describe, expect, it } from 'vitest'
import { type BatchQuote, type BatchWire, batchTargets } from '../../../../src/contract/batch-endpoints.ts'
import {
  aboutText,
  countsText,
  endpointOf,
  endpoints,
  endText,
  isOver,
  parseBatchesSearch,
  parseBatchSearch,
  progressOf,
  selectQuote,
  stateText,
} from './select-batches.ts'

const batch = (over: Partial<BatchWire> = {}): BatchWire => ({
  id: 'batch_1',
  object: 'batch',
  endpoint: '/v1/images/generations',
  errors: null,
  input_file_id: 'file-1',
  completion_window: '24h',
  status: 'in_progress',
  output_file_id: null,
  error_file_id: null,
  created_at: 1_795_000_000,
  in_progress_at: null,
  expires_at: 1_795_086_400,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  expired_at: null,
  cancelling_at: null,
  cancelled_at: null,
  request_counts: { total: 4, completed: 2, failed: 1 },
  metadata: null,
  halftone: { cost_usd: '0.01' },
  ...over,
})
const quote = (over: Partial<BatchQuote> = {}): BatchQuote => ({
  object: 'batch_quote',
  lines: 10,
  priced: 10,
  complete: true,
  images: 12,
  min_usd: '0.1',
  expected_usd: '0.1',
  max_usd: '0.1',
  assumed_sizes: 0,
  products: [],
  errors: [],
  refused: [],
  refused_count: 0,
  ...over,
})

describe('a batch in words', () => {
  it('a batch that is over is told from one that is not', () => {
    const all = ['validating', 'in_progress', 'cancelling', 'completed', 'failed', 'expired', 'cancelled'] as const
    expect(all.filter((status) => isOver({ status }))).toEqual(['completed', 'failed', 'expired', 'cancelled'])
  })

  it.each([
    [batch(), 'by 2026-11-19 11:06 UTC'],
    [batch({ status: 'completed', completed_at: 1_795_000_060 }), '2026-11-18 11:07 UTC'],
    [batch({ status: 'cancelled', cancelled_at: 1_795_000_120 }), '2026-11-18 11:08 UTC'],
  ])('it says when it ended, or by when it has to', (each, text) => expect(endText(each)).toBe(text))

  it('a completed one with failed lines does not look like a whole one', () => {
    const counts = { total: 2, completed: 2, failed: 0 }
    expect(stateText(batch({ status: 'completed', request_counts: counts }))).toEqual({ text: 'completed', tone: 'good' })
    expect(stateText(batch({ status: 'completed' })).tone).toBe('warn')
  })

  it('progress counts failed lines as over, and a file that is not read yet as nothing', () => {
    expect([progressOf(batch()), countsText(batch())]).toEqual([750, '2 of 4 done, 1 failed'])
    const unread = batch({ request_counts: { total: 0, completed: 0, failed: 0 } })
    expect([progressOf(unread), countsText(unread)]).toEqual([0, 'none begun'])
    expect(countsText({ ...unread, status: 'validating' })).toBe('not read yet')
  })
})

it('a batch is known again by what its owner wrote on it', () => {
  expect(aboutText(batch())).toBe('generations')
  expect(aboutText(batch({ metadata: { campaign: 'summer', sku: '4711' } }))).toBe('generations, campaign summer, sku 4711')
})

describe('a new batch', () => {
  it('every endpoint of a batch can be chosen', () => expect(endpoints).toEqual(batchTargets))

  it.each([
    ['{"custom_id":"a","url": "/v1/images/edits","body":{}}', '/v1/images/edits'],
    ['{"custom_id":"a","url":"/v1/chat/completions"}', undefined],
    ['not json', undefined],
  ])('the endpoint is read from the first line: %s', (text, endpoint) => expect(endpointOf(text)).toBe(endpoint))

  it('what is in the sum and what is not is said', () => {
    const whole = selectQuote(quote())
    expect([whole.ready, whole.what, whole.notes.length]).toEqual([true, '10 lines, 12 pictures', 1])
    const part = selectQuote(quote({ priced: 6, refused_count: 1, complete: false, assumed_sizes: 2 }))
    expect(part.notes.slice(0, 2).map((note) => note.split(' ').slice(0, 4).join(' '))).toEqual([
      'Pricing took too long:',
      'Pictures of 2 lines',
    ])
    expect(part.notes[0]).toContain('3 lines more')
  })

  it('a file with errors, or without a line that could be done, cannot be started', () => {
    const error = { code: 'invalid_json', message: 'x', param: null, line: 1 }
    expect(selectQuote(quote({ errors: [error] })).ready).toBe(false)
    expect(selectQuote(quote({ priced: 0, refused_count: 10 })).ready).toBe(false)
  })
})

describe('the pages in the URL', () => {
  it('only what fits stays', () => {
    expect(parseBatchesSearch({ new: 'true', x: 1 })).toEqual({ new: true })
    expect(parseBatchesSearch({ new: '<b>' })).toEqual({})
    expect(parseBatchSearch({ lines: 'failed' })).toEqual({ lines: 'failed' })
    expect(parseBatchSearch({ lines: 'all' })).toEqual({})
  })
})
