/** What `halftone quote` prints, at 80 columns. */
import { describe, expect, test } from 'vitest'
import type { CandidateQuote, JobCandidateWire, QuoteResponse } from '../../contract/quote.ts'
import { quoteLines } from '../commands/quote.ts'
import type { Output } from '../context.ts'
import { parseDeadline, spanText } from './job.ts'

const out: Output = {
  width: 80,
  line: () => undefined,
  note: () => undefined,
  json: () => undefined,
  paint: (_style, text) => text,
  paintNote: (_style, text) => text,
  animated: false,
  noteStream: process.stderr,
}

const candidate = (offer: string, usd: string, changes: Partial<CandidateQuote> = {}): CandidateQuote => ({
  offer,
  model: 'acme/one',
  provider: 'acme',
  sandbox: false,
  lane: 'standard',
  size: '1024x1024',
  size_from: 'request',
  quality: 'medium',
  quality_from: 'default',
  finishing: [],
  calls: 1,
  min_usd: usd,
  expected_usd: usd,
  max_usd: usd,
  marginal_usd: null,
  lines: [],
  spread: [],
  checked_at: '2026-11-01',
  age_days: 21,
  stale: false,
  eligible: true,
  choice: null,
  quality_score: null,
  frontier: false,
  ...changes,
})
const answerOf = (candidates: CandidateQuote[], changes: Partial<QuoteResponse> = {}): QuoteResponse => ({
  object: 'quote',
  id: null,
  expires_at: null,
  max_usd: null,
  route: 'auto',
  n: 1,
  price_book: 'b',
  group: null,
  candidates,
  current: null,
  explained: null,
  job: null,
  eliminated: [],
  ...changes,
})
const shown = (answer: QuoteResponse, show: { all?: boolean; lines?: boolean } = {}): string =>
  quoteLines(answer, out, show).join('\n')

const cheap = candidate('one:acme/cheap', '0.01', { quality_score: 1000, frontier: true, eligible: false })
const first = candidate('one:acme/first', '0.0305', { quality_score: 990, choice: 1 })
const beaten = candidate('one:acme/beaten', '0.04', { quality_score: 995 })
const best = candidate('two:acme/best', '0.2', { quality_score: 1150, frontier: true, quality: 'high', quality_from: 'tier' })
const unrated = candidate('two:acme/new', '0.02', { quality: null, quality_from: null })

describe('the default view', () => {
  test('is the frontier, the first choice and the model in use, cheapest first; the rest is counted', () => {
    const current = { offer: 'two:acme/best', quality: 'high', source: 'ledger', images: 120, serves: true } as const
    expect(shown(answerOf([cheap, unrated, first, beaten, best], { current }))).toBe(
      `Quote for 1 image of 1024x1024, route auto

OFFER           QUALITY  RATED  EXPECTED  AT MOST  WHY
one:acme/cheap  medium*   1000   $0.01    $0.01    not routed
one:acme/first  medium*    990   $0.0305  $0.0305  1st choice
two:acme/best   high      1150   $0.2     $0.2     fallback, in use
* what the offer does where the request does not say

Beaten     1 candidate: another is rated as high for less (--all)
Not rated  1 more, from $0.02 (two:acme/new): --all
In use     by 120 images of the last 30 days
Price book b`,
    )
  })

  test('without any rating it shows the cheapest and no rating', () => {
    const many = Array.from({ length: 12 }, (_, index) => candidate(`one:acme/m${index}`, `0.${10 + index}`))
    const text = shown(answerOf(many))
    expect(text).not.toContain('RATED')
    expect(text).toContain('one:acme/m7')
    expect(text).not.toContain('one:acme/m8 ')
    expect(text).toContain('4 more, from $0.18 (one:acme/m8, medium): --all')
  })

  test('a stale price, an unknown bound and what was paid in advance are said', () => {
    const old = candidate('one:acme/old', '0.03', { stale: true, age_days: 46, max_usd: null, marginal_usd: '0' })
    const text = shown(answerOf([old]))
    expect(text).toContain('price not checked for 46 days')
    expect(text).toContain('no bound')
    expect(text).toContain('adds $0 to the bill')
  })

  test('a reason takes one line, and all of it with --lines', () => {
    const reason = `the tokens are counted by the provider; ${'estimated from a very long source, '.repeat(5)}the end`
    const answer = answerOf([candidate('one:acme/one', '0.03', { spread: [reason] })])
    expect(shown(answer)).toContain('…')
    expect(shown(answer)).not.toContain('the end')
    expect(shown(answer, { lines: true })).toContain('the end')
  })

  test('the model in use that cannot serve is named', () => {
    const current = { offer: 'one:acme/gone', quality: null, source: 'ledger', images: 3, serves: false } as const
    expect(shown(answerOf([best], { current }))).toContain('one:acme/gone; it cannot serve this request')
  })

  test('no line is wider than the terminal', () => {
    const long = candidate('provider-with-a-name:publisher/a-model-with-a-very-long-name-2.5-preview', '0.123456789', {
      spread: ['x'.repeat(200)],
    })
    for (const line of quoteLines(answerOf([long, best]), out, { all: true })) expect(line.length).toBeLessThanOrEqual(80)
  })
})

test('--explain says what each constraint adds and how many offers are left', () => {
  const explained = {
    cheapest_usd: '0.211',
    offers_left: 3,
    constraints: [
      { constraint: 'background', stated: 'transparent', adds_usd: '0.031', without_usd: '0.18', offers_without: 41 },
      { constraint: 'quality', stated: 'high', adds_usd: '-0.001', without_usd: '0.212', offers_without: 3 },
      { constraint: 'size', stated: '9x9', adds_usd: null, without_usd: null, offers_without: 0 },
    ],
  }
  expect(shown(answerOf([best], { explained }))).toContain(
    `Constraints: $0.211 at the cheapest, 3 offers left; each taken away alone:

CONSTRAINT  STATED          ADDS  WITHOUT IT  OFFERS LEFT
background  transparent  +$0.031      $0.18       3 of 41
quality     high         -$0.001      $0.212       3 of 3
size        9x9                -        none       3 of 0`,
  )
})

test('a job shows totals to the cent, the time, and once what holds for every row', () => {
  const row = (offer: string, usd: string, changes: Partial<JobCandidateWire> = {}): JobCandidateWire => ({
    offer,
    size: '1024x1024',
    quality: null,
    lane: 'standard',
    calls: 1000,
    min_usd: usd,
    expected_usd: usd,
    max_usd: null,
    allowance_usd: '1.239999',
    allowance_from: 'assumed',
    allowance_attempts: 0,
    in_time: 'unknown',
    duration_ms: null,
    reasons: ['the same for all'],
    eligible: true,
    quality_score: null,
    frontier: false,
    ...changes,
  })
  const job = {
    count: 1000,
    deadline_ms: 21_600_000,
    candidates: [
      row('one:acme/a', '40.125'),
      row('one:acme/b+batch', '20', { lane: 'batch', in_time: 'no', duration_ms: 86_400_000 }),
    ],
  }
  const text = shown(answerOf([best], { job }))
  expect(text).toContain('Job of 1000 images within 6 h')
  expect(text).toContain('one:acme/a        -        standard    $40.12    $40.12  no bound  not known')
  expect(text).toContain('one:acme/b+batch  -        batch       $20.00    $20.00  no bound  no, 1 d')
  expect(text).toContain('1000 calls; $1.24 of the expected sum is for failed tries')
  expect(text.match(/the same for all/g)).toHaveLength(1)
})

test.each([
  ['90m', 5_400_000, '1 h 30 m'],
  ['6h', 21_600_000, '6 h'],
  ['2d', 172_800_000, '2 d'],
  ['45s', 45_000, '45 s'],
])('a deadline of %s is %i ms and reads %s', (text, ms, read) => {
  expect(parseDeadline(text)).toBe(ms)
  expect(spanText(ms)).toBe(read)
})

test.each(['6', 'h', '0h', '1.5h', '6 h', '-1h', '1w'])('%j is no deadline', (text) => {
  expect(() => parseDeadline(text)).toThrow('Write a number and a unit')
})
