/** The step after a call that no machine here can do: another offer cuts each picture out of its background. */
import { HalftoneError } from '../core/error.ts'
import type { Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageInput } from '../core/request.ts'
import { cutOutRequest } from '../core/routing/index.ts'
import type { AttemptResult, ReceivedImage } from '../ports/provider.ts'
import type { FinishedCall, ReservedCall } from './conclude.ts'
import { type CallContext, reserveCall, runCall } from './run-call.ts'
import { settleCall } from './settle-call.ts'

export interface CutOut {
  /** Those that were cut out, in order. */
  readonly images: readonly ReceivedImage[]
  /** By index in `images`: what each was cut from. */
  readonly originals: ReadonlyMap<number, ReceivedImage>
  /** Settled calls, those in vain too. */
  readonly steps: readonly FinishedCall[]
  /** Why a picture is missing. */
  readonly failure?: AttemptFailure
  /** Who did it; absent when nobody could. */
  readonly by?: string
}

/** Each picture on its own, side by side: by the first choice, after its failure by the next. Never rejects. */
export async function cutOut(
  context: CallContext,
  made: ReservedCall,
  result: Extract<AttemptResult, { kind: 'done' }>,
  nextSequence: () => number,
): Promise<CutOut> {
  const steps: FinishedCall[] = []
  const all = await Promise.all(
    result.images.map((image, index) => cutOne({ context, made, nextSequence, steps }, image, made.attempt.firstImage + index)),
  )
  const images: ReceivedImage[] = []
  const originals = new Map<number, ReceivedImage>()
  let failure: AttemptFailure | undefined
  for (const [index, cut] of all.entries()) {
    const original = result.images[index]
    if ('failure' in cut) {
      failure = cut.failure
      await original?.body.dispose()
    } else {
      if (original) originals.set(images.length, original)
      images.push(cut.image)
    }
  }
  const last = steps.findLast(({ record }) => record.imagesMade > 0)
  return { images, originals, steps, ...(failure && { failure }), ...(last && { by: last.reserved.candidate.offer.id }) }
}

interface Work {
  readonly context: CallContext
  readonly made: ReservedCall
  readonly nextSequence: () => number
  readonly steps: FinishedCall[]
}

type Cut = { readonly image: ReceivedImage } | { readonly failure: AttemptFailure }

async function cutOne(work: Work, image: ReceivedImage, firstImage: number): Promise<Cut> {
  const { context, made } = work
  let failure: AttemptFailure | undefined
  for (const candidate of made.candidate.cutOut ?? []) {
    const tried = await callCutter(work, candidate, image, firstImage).catch(failureOf)
    if ('image' in tried) return tried
    failure = tried.failure
    // One that may have been billed is only repeated where the route pays twice.
    if (failure.billed !== 'no' && !context.paysTwice) break
  }
  // The picture itself was paid for, whatever became of it.
  return { failure: { ...(failure ?? nobody), retryable: false, billed: 'yes' } }
}

async function callCutter(
  { context, made, nextSequence, steps }: Work,
  candidate: Candidate,
  image: ReceivedImage,
  firstImage: number,
): Promise<Cut> {
  const asked: ImageInput = {
    role: 'image',
    sha256: image.body.sha256,
    bytes: image.body.bytes,
    mediaType: image.mediaType,
    width: image.size.width,
    height: image.size.height,
  }
  const { stream: _stream, ...input } = context.input
  const request = cutOutRequest(input.request, asked)
  const own: CallContext = { ...context, input: { ...input, request, inputs: [{ input: asked, body: image.body }] } }
  const { reserved, result } = await reserveCall(own, {
    call: { kind: 'step', candidate: made.call.candidate, n: 1 },
    candidate: { ...candidate, settings: { ...candidate.settings, size: image.size } },
    round: made.round,
    sequence: nextSequence(),
    firstImage,
    maxCostNanoUsd: undefined,
    quotedNanoUsd: undefined,
  })
  if (result.kind !== 'reserved') {
    if (result.kind === 'budget_exceeded') context.onBudgetReached(result.budgetId)
    throw new HalftoneError('insufficient_quota', 'A budget has no room for cutting the picture out.')
  }
  const done = await runCall(own, reserved)
  steps.push(done)
  await settleCall(context.services, done, undefined)
  const [cut] = done.result.kind === 'done' ? done.result.images : []
  return cut ? { image: cut } : { failure: done.record.failure ?? nobody }
}

const nobody: AttemptFailure = {
  code: 'provider_no_image',
  message: 'The picture was made, but nobody could cut it out.',
  retryable: false,
  billed: 'no',
}

const failureOf = (error: unknown): Cut => ({
  failure:
    error instanceof HalftoneError
      ? { code: error.code, message: error.message, retryable: false, billed: 'no' }
      : { ...nobody, code: 'internal_error' },
})
