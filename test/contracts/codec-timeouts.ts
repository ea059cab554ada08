/**
 * What every codec must do when its provider stops answering, made from its own recorded exchanges, so that no codec can leave it
 * out: each exchange and the download of the picture hang once before the headers and once in the middle of the body. What was
 * submitted as a job is then resumed.
 */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { fixtureNames, testAccount } from '../../scripts/provider-matrix.ts'
import { loadPriceFiles } from '../../src/config/price-files.ts'
import { type Billed, errorCatalogue } from '../../src/core/error.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { compilePriceBooks, quoteCandidate, settleCharges } from '../../src/core/pricing/index.ts'
import type { AttemptIo, AttemptResult, Provider } from '../../src/ports/provider.ts'
import type { Decoded, HttpCall, ProviderDefinition } from '../../src/providers/define-provider.ts'
import { createCodecProvider } from '../../src/providers/engine.ts'
import { attempt, testCandidate, testRequest } from '../providers/attempt.ts'
import { atUs } from '../support/pricing.ts'
import { drawSvg, exchangesOf, type Fixture, hasty, readFixture, setupOf } from './codec-fixture.ts'
import { type HangsAt, type Place, places, startHangingServer } from './hanging-server.ts'

/** Long enough to come to the exchange that hangs, unless the machine is busy. */
const TIMEOUT_MS = 1_500
/** Long enough for a busy machine too; waited for only when an end is not what it must be. */
const PATIENT_TIMEOUT_MS = 12_000
/** Some jobs are asked about so seldom that the time would be up before the first question. */
const POLL_MS = 20

const prices = compilePriceBooks(await loadPriceFiles())

/** How one attempt ended whose provider hung. */
interface End {
  readonly case: string
  readonly isReached: boolean
  readonly code: string
  readonly retryable?: boolean
  readonly billed?: Billed
  /** What the ledger makes of it by the shipped price book. */
  readonly settled?: string
  /** Pictures that nobody gave back, or the account's key in what is kept. */
  readonly leaks: boolean
  /** The codec said of what brought a picture or a job that nobody bills it: only set when it did. */
  readonly buysUnnoticed?: true
  /** Of a job: how the attempt that resumed it ended. */
  readonly job?: string
}

/** At once, since each waits for its time to be up. */
export function describeTimeouts(definitions: readonly ProviderDefinition[], root: string): void {
  describe.concurrent('when the provider stops answering, the bill is honest and jobs are resumed', () => {
    test.each(definitions.map((definition) => [definition.id, definition] as const))(
      'the codec "%s"',
      async (_, definition) => {
        const quick = await hangEverywhere(definition, root, TIMEOUT_MS)
        const isMet = isDeepStrictEqual(quick.ends, quick.expected)
        const { ends, expected } = isMet ? quick : await hangEverywhere(definition, root, PATIENT_TIMEOUT_MS)
        expect(ends.length).toBeGreaterThan(3)
        expect(ends).toEqual(expected)
      },
      120_000,
    )
  })
}

interface HangReport {
  readonly ends: readonly End[]
  /** What a hang must come to, case by case. */
  readonly expected: readonly End[]
}

async function hangEverywhere(definition: ProviderDefinition, root: string, timeoutMs: number): Promise<HangReport> {
  const cases = chosen(definition.id, root).flatMap(([name, fixture]) =>
    [...exchangesOf(fixture).keys(), 'download' as const].flatMap((at) => places.map((place) => ({ name, fixture, at, place }))),
  )
  const config = testAccount(definition.id, root)
  const both = await Promise.all(
    cases.map(async ({ name, fixture, at, place }) => {
      const title = `${name}, ${at === 'download' ? at : `call ${at}`}, ${place}`
      const { end, expected } = await hang(
        definition,
        { ...fixture, config: { ...config, ...fixture.config, timeoutMs, batchTimeoutMs: timeoutMs } },
        at,
        place,
      )
      return { end: { case: title, ...end }, expected: { case: title, ...expected } }
    }),
  )
  return { ends: both.map(({ end }) => end), expected: both.map(({ expected }) => expected) }
}

/** Pictures that were made: with the fewest calls, with the most, and as a stream. */
function chosen(type: string, root: string): readonly (readonly [string, Fixture])[] {
  const done = fixtureNames(type, root)
    .map((name) => [name, readFixture(root, type, name)] as const)
    .filter(([, fixture]) => fixture.outcome.kind === 'done' && !showsFailures(fixture))
    .toSorted(([, a], [, b]) => exchangesOf(a).length - exchangesOf(b).length)
  const whole = done.filter(([, { request }]) => !request?.stream)
  const streamed = done.find(([, { request }]) => request?.stream)
  return [...new Set([whole[0], whole.at(-1), streamed].filter((each) => each !== undefined))]
}

/** A poll that fails and is repeated is about something else. */
const showsFailures = (fixture: Fixture): boolean => exchangesOf(fixture).some(({ response }) => (response.status ?? 200) >= 400)

/** One attempt that hangs at one place; the job it left behind is resumed. */
async function hang(
  definition: ProviderDefinition,
  fixture: Fixture,
  at: HangsAt,
  place: Place,
): Promise<{ readonly end: Omit<End, 'case'>; readonly expected: Omit<End, 'case'> }> {
  const server = await startHangingServer(exchangesOf(fixture), at, place)
  const sent = recording(definition)
  const provider = createCodecProvider(
    sent.definition,
    {
      name: 'account',
      type: definition.id,
      baseUrl: `${server.origin}/v1`,
      apiKey: { reveal: () => 'sk-fixture' },
      ...fixture.config,
    },
    { clock: hasty, drawSvg },
  )
  try {
    let job: JsonValue | undefined
    const io: Partial<AttemptIo> = {
      onPartial: ({ body }) => body.dispose(),
      onSubmitted: async ({ jobId, resume }) => {
        // What is only looked for while it may not exist is no job yet.
        const isJob = jobId !== '' && (fixture.outcome.jobId ?? jobId) === jobId
        job = isJob ? resume : undefined
      },
    }
    const setup = { ...setupOf(fixture), io }
    const priced = pricedInput(provider, fixture)
    const { result, spool } = await attempt(provider, setup)
    if (result.kind === 'done') await dispose(result)
    const { buysUnnoticed, ...facts } = sent.facts()
    const end = {
      isReached: server.isReached(),
      ...(buysUnnoticed && { buysUnnoticed }),
      ...(result.kind === 'done' ? { code: 'done' } : failureOf(priced, result)),
      leaks: spool.open > 0 || textOf(result).includes('sk-fixture'),
    }
    const expected = expectedOf(priced, at, { isReached: end.isReached, ...facts })
    if (job === undefined) return { end, expected }
    server.letGo()
    const again = await attempt(provider, { ...setup, resume: job })
    if (again.result.kind === 'done') await dispose(again.result)
    const said = again.result.kind === 'done' ? 'done' : again.result.failure.message
    return {
      end: { ...end, job: `${said}, submitted ${server.submitted()} times` },
      expected: { ...expected, job: 'done, submitted 1 times' },
    }
  } finally {
    await Promise.all([provider.close(), server.close()])
  }
}

interface Facts {
  readonly isReached: boolean
  /** A call was asked for that costs money. */
  readonly mayBeBilled: boolean
  /** The pictures are there, and only what they cost was asked about. */
  readonly asksForBill: boolean
}

function expectedOf(priced: PricedInput, at: HangsAt, facts: Facts): Omit<End, 'case'> {
  const isDownload = at === 'download'
  // Pictures that come in the answer itself are not downloaded.
  if (isDownload && !facts.isReached) return { isReached: false, code: 'done', leaks: false }
  // A picture is never held back because its bill fails to come.
  if (facts.asksForBill && !isDownload) return { isReached: true, code: 'done', leaks: false }
  // What cannot have been bought is not billed; a picture that has a link was made; of the rest nobody knows.
  const billed = isDownload ? 'yes' : facts.mayBeBilled ? 'unknown' : 'no'
  return {
    isReached: true,
    code: 'provider_timeout',
    retryable: !isDownload && errorCatalogue.provider_timeout.retryable,
    billed,
    settled: settledAs(priced, billed),
    leaks: false,
  }
}

/** Nothing is charged that nobody knows of, and nothing is free because nobody answered. */
function settledAs(priced: PricedInput, billed: Billed): string {
  if (billed === 'no') return 'free'
  if (quoteCandidate(prices, priced).kind !== 'priced') return 'unpriced'
  return billed === 'yes' ? 'charged' : 'unknown'
}

function failureOf(
  priced: PricedInput,
  { failure: { code, retryable, billed, usage } }: Extract<AttemptResult, { kind: 'failed' }>,
) {
  const settlement = settleCharges(prices, { ...priced, outcome: 'timeout', billed, ...(usage && { usage }) })
  return { code, retryable, billed, settled: settlement.kind }
}

type PricedInput = ReturnType<typeof pricedInput>

function pricedInput(provider: Provider, fixture: Fixture) {
  const candidate = testCandidate(provider, fixture.settings, fixture.model)
  const { request } = setupOf(fixture)
  return { candidate, request: testRequest({ n: candidate.settings.n, ...request }), promptComplexity: 0.5, atUs }
}

const textOf = (result: AttemptResult): string =>
  JSON.stringify([result.evidence, result.kind === 'failed' && result.failure.message])

const dispose = ({ images }: Extract<AttemptResult, { kind: 'done' }>): Promise<unknown> =>
  Promise.all(images.map(({ body }) => body.dispose()))

/** The codec, and what it asked for. */
function recording(definition: ProviderDefinition) {
  let mayBeBilled = false
  let asksForBill = false
  let buysUnnoticed = false
  const note = ({ spends }: HttpCall): void => {
    mayBeBilled ||= spends !== false
  }
  const encode: ProviderDefinition['encode'] = (...all) => {
    const encoded = definition.encode(...all)
    note(encoded.call)
    return encoded
  }
  const decode: ProviderDefinition['decode'] = (...all) => {
    const decoded: Decoded = definition.decode(...all)
    if (decoded.kind === 'next') note(decoded.call)
    if (decoded.kind === 'done') asksForBill = decoded.bill !== undefined
    buysUnnoticed ||= !mayBeBilled && (decoded.kind === 'done' || decoded.kind === 'pending')
    return decoded.kind === 'pending' ? { ...decoded, afterMs: Math.min(decoded.afterMs, POLL_MS) } : decoded
  }
  return { definition: { ...definition, encode, decode }, facts: () => ({ mayBeBilled, asksForBill, buysUnnoticed }) }
}
