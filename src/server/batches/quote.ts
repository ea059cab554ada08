/** What a batch would cost: each of its lines priced as it would be decided now. Nothing is made and nothing is kept. */
import { setImmediate } from 'node:timers/promises'
import type { BatchQuote } from '../../contract/batch-endpoints.ts'
import { HalftoneError } from '../../core/error.ts'
import { formatUsd } from '../../core/money.ts'
import type { PlannedAttempt } from '../../core/routing/index.ts'
import { nothingEligible } from '../../gateway/decision.ts'
import type { BatchProblem } from '../../ports/ledger.ts'
import { callerOf } from '../authenticate.ts'
import type { ServerContext } from '../context.ts'
import type { Identity } from '../key-ring.ts'
import { disposeImages, type ReadBody } from '../read-body.ts'
import { lookAtRequest } from '../take-request.ts'
import { readInput } from './input.ts'
import { asLine, operationOf, WINDOW_MS } from './line.ts'

/** After so long the lines that are left are only counted. */
const MOST_MS = 30_000
/** Others get their turn in between. */
const SLICE_MS = 10
const MAX_REFUSED = 100

export interface BatchQuestion {
  readonly identity: Identity
  readonly endpoint: string
  readonly stream: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
}

interface Sums {
  priced: number
  images: number
  minNanoUsd: bigint
  expectedNanoUsd: bigint
  /** null: of some line no bound is known. */
  maxNanoUsd: bigint | null
  assumedSizes: number
  readonly products: Map<string, Product>
  readonly refused: BatchProblem[]
  refusedCount: number
}

interface Product {
  readonly offer: string
  readonly quality: string | null
  lines: number
  images: number
  expectedNanoUsd: bigint
}

export async function quoteBatch(context: ServerContext, question: BatchQuestion): Promise<BatchQuote> {
  const { clock } = context.services
  const { endpoint, stream, signal } = question
  const untilMs = clock.monotonicMs() + MOST_MS
  let sliceEndsMs = clock.monotonicMs() + SLICE_MS
  const sums: Sums = {
    priced: 0,
    images: 0,
    minNanoUsd: 0n,
    expectedNanoUsd: 0n,
    maxNanoUsd: 0n,
    assumedSizes: 0,
    products: new Map(),
    refused: [],
    refusedCount: 0,
  }
  let complete = true
  const { lines, problems } = await readInput(context, stream, {
    endpoint,
    signal,
    async look(line, body) {
      if (clock.monotonicMs() >= untilMs) complete = false
      if (complete) await priceLine(context, question, { line, body, sums })
      else await disposeImages(body.images)
      if (clock.monotonicMs() < sliceEndsMs) return
      await setImmediate()
      sliceEndsMs = clock.monotonicMs() + SLICE_MS
    },
  })
  return quoteWire(sums, { lines: lines.length, problems, complete })
}

interface Line {
  readonly line: number
  readonly body: ReadBody
  readonly sums: Sums
}

/** What would be refused when the line is done is refused here; the others are done all the same. */
async function priceLine(context: ServerContext, { identity, endpoint, signal }: BatchQuestion, { line, body, sums }: Line) {
  try {
    const operation = operationOf(endpoint)
    const asked = await lookAtRequest(context, { operation, body, isForm: false, headers: {}, identity, signal })
    const { request, assumedSizes } = asked
    const input = { request, options: asLine(asked.options, WINDOW_MS), caller: callerOf(identity) }
    const plan = context.gateway.plan(input, 'named')
    if (plan.kind === 'none') throw nothingEligible(plan, context.current(), context.services.clock.nowUs(), new Map())
    add(sums, plan.attempts[0], request.n)
    if (assumedSizes) sums.assumedSizes += 1
  } catch (error) {
    if (!(error instanceof HalftoneError)) throw error
    sums.refusedCount += 1
    if (sums.refused.length === MAX_REFUSED) return
    sums.refused.push({ code: error.code, message: error.message, param: error.param ?? null, line })
  }
}

function add(sums: Sums, { candidate, total }: PlannedAttempt, images: number): void {
  sums.priced += 1
  sums.images += images
  sums.minNanoUsd += total.minNanoUsd
  sums.expectedNanoUsd += total.expectedNanoUsd
  sums.maxNanoUsd = sums.maxNanoUsd === null || total.maxNanoUsd === null ? null : sums.maxNanoUsd + total.maxNanoUsd
  const { offer, settings } = candidate
  const quality = settings.quality ?? null
  const key = JSON.stringify([offer.id, quality])
  const product = sums.products.get(key) ?? { offer: offer.id, quality, lines: 0, images: 0, expectedNanoUsd: 0n }
  product.lines += 1
  product.images += images
  product.expectedNanoUsd += total.expectedNanoUsd
  sums.products.set(key, product)
}

interface ReadWhole {
  readonly lines: number
  readonly problems: readonly BatchProblem[]
  readonly complete: boolean
}

function quoteWire(sums: Sums, { lines, problems, complete }: ReadWhole): BatchQuote {
  const products = [...sums.products.values()].sort((one, other) => other.lines - one.lines)
  return {
    object: 'batch_quote',
    lines,
    priced: sums.priced,
    complete,
    images: sums.images,
    min_usd: formatUsd(sums.minNanoUsd),
    expected_usd: formatUsd(sums.expectedNanoUsd),
    max_usd: sums.maxNanoUsd === null ? null : formatUsd(sums.maxNanoUsd),
    assumed_sizes: sums.assumedSizes,
    products: products.map(({ expectedNanoUsd, ...product }) => ({ ...product, expected_usd: formatUsd(expectedNanoUsd) })),
    errors: problems.map((problem) => ({ ...problem })),
    refused: sums.refused.map((problem) => ({ ...problem })),
    refused_count: sums.refusedCount,
  }
}
