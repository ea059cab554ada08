/** The check of the lists itself: a list that leaves something out, or says something that no exchange shows, is told by name. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AttemptResult } from '../../src/ports/provider.ts'
import { failure } from '../../src/providers/engine/failures.ts'
import { errorListFaults, expectDocumented } from './codec-errors.ts'

const failed = { kind: 'failed', failure: { code: 'provider_quota' } }
const fixtures = {
  generate: { response: { json: {} }, outcome: { kind: 'done' } },
  'error-credits': { response: { status: 402, json: { code: 'no_credits' } }, outcome: failed },
  'error-plain': { response: { status: 429, text: 'slow down' }, outcome: failed },
  'job-failed': { exchanges: [{ response: { status: 202 } }, { response: { json: { status: 'failed' } } }], outcome: failed },
  'set-one-refused': { response: { json: {} }, outcome: { kind: 'done', failures: ['content_refused'] } },
}

const source = { kind: 'documentation', url: 'https://vendor.example/errors', checked: '2026-11-22' }
const credits = {
  ...{ status: 402, code: 'no_credits', says: 'the account is empty', as: 'provider_quota', retryable: false, billed: 'no' },
  ...{ source: 'guide', fixture: 'error-credits' },
}
const job = { ...credits, status: 200, code: 'failed', fixture: 'job-failed' }
const observed = { 'error-plain': 'a proxy answers so', 'set-one-refused': 'one flag per picture' }
const whole = { sources: { guide: source }, errors: [credits, job], observed }

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'error-lists-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

let made = 0
async function typeWith(list: object | undefined): Promise<string> {
  const type = `vendor-${made++}`
  await mkdir(join(root, type))
  for (const [name, content] of Object.entries({ ...fixtures, ...(list && { _errors: list }) })) {
    await writeFile(join(root, type, `${name}.json`), JSON.stringify(content))
  }
  return type
}

describe('a list of documented errors', () => {
  test.each<[string, object | undefined, readonly string[]]>([
    ['that accounts for everything has no fault', whole, []],
    ['must be there', undefined, ['There is no _errors.json: list the errors that the provider documents.']],
    [
      'names exchanges that exist',
      { ...whole, errors: [credits, job, { ...credits, code: 'x', fixture: 'nowhere' }] },
      ['402 x: no exchange nowhere that fails'],
    ],
    [
      'names exchanges that fail',
      { ...whole, errors: [credits, job, { ...credits, code: 'x', fixture: 'generate' }] },
      ['402 x: no exchange generate that fails'],
    ],
    [
      'has the status of the answer',
      { ...whole, errors: [{ ...credits, status: 403 }, job] },
      ['403 no_credits: no answer of error-credits has this status and code'],
    ],
    [
      'has the word that stands in that very answer',
      { ...whole, errors: [credits, { ...job, status: 202 }] },
      ['202 failed: no answer of job-failed has this status and code'],
    ],
    [
      'leaves out no exchange that fails',
      { ...whole, errors: [credits] },
      ['job-failed is neither a documented error nor observed'],
    ],
    [
      'leaves out no failure of a part',
      { ...whole, observed: { 'error-plain': observed['error-plain'] } },
      ['set-one-refused is neither a documented error nor observed'],
    ],
    ['names an exchange once', { ...whole, errors: [credits, job, job] }, ['job-failed is listed twice']],
    [
      'observes only what fails',
      { ...whole, observed: { ...observed, generate: 'it is a success' } },
      ['generate is listed as observed, and shows no failure'],
    ],
    ['names its sources', { ...whole, errors: [credits, { ...job, source: 'blog' }] }, ['there is no source blog']],
    ['uses its sources', { ...whole, sources: { guide: source, blog: source } }, ['the source blog is not used']],
  ])('%s', async (_, list, faults) => {
    expect(errorListFaults(await typeWith(list), root)).toEqual(faults)
  })

  test.each([
    ['an unknown code', { ...credits, as: 'provider_broke' }],
    ['a refusal without a stage', { ...credits, as: 'content_refused' }],
    ['a stage of what is no refusal', { ...credits, stage: 'before' }],
    ['a member that nobody reads', { ...credits, note: 'x' }],
    ['no word of whether it is billed', { ...credits, billed: undefined }],
  ])('is refused with %s', async (_, error) => {
    const type = await typeWith({ ...whole, errors: [error, job] })
    expect(() => errorListFaults(type, root)).toThrow()
  })

  test.each([
    ['code', failure('provider_auth', 'no', 'no', { retryable: false })],
    ['retryable', failure('provider_quota', 'no', 'no', { retryable: true })],
    ['billed', failure('provider_quota', 'no', 'unknown', { retryable: false })],
    ['stage', failure('provider_quota', 'no', 'no', { retryable: false, stage: 'before' })],
  ])('is not met by an attempt with another %s', async (_, found) => {
    const type = await typeWith(whole)
    const result = (each: typeof found): AttemptResult => ({ kind: 'failed', failure: each, evidence: {} })
    expectDocumented(result(failure('provider_quota', 'no', 'no', { retryable: false })), type, 'error-credits', root)
    expect(() => expectDocumented(result(found), type, 'error-credits', root)).toThrow()
  })
})
