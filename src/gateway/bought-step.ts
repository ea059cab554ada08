/** The step after a call that no machine here can do: another offer cuts each picture out of its background, or enlarges it. */
import { HalftoneError } from '../core/error.ts'
import type { BoughtStep, Candidate } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import type { ImageInput, ImageRequest, Size } from '../core/request.ts'
import { upscaleRequest } from '../core/routing/enlarge.ts'
import { cutOutRequest } from '../core/routing/index.ts'
import type { AttemptResult, ReceivedImage } from '../ports/provider.ts'
import type { FinishedCall, ReservedCall } from './conclude.ts'
import { type CallContext, reserveCall, runCall } from './run-call.ts'
import { settleCall } from './settle-call.ts'

export interface Stepped {
  readonly kind: BoughtStep['kind']
  /** Those that were changed, in order. */
  readonly images: readonly ReceivedImage[]
  /** By index in `images`: what each was made from. */
  readonly originals: ReadonlyMap<number, ReceivedImage>
  /** Settled calls, those in vain too. */
  readonly steps: readonly FinishedCall[]
  /** Why a picture is missing. */
  readonly failure?: AttemptFailure
  /** Who did it; absent when nobody could. */
  readonly by?: string
}

type Made = Extract<AttemptResult, { kind: 'done' }>

/** Each picture on its own, side by side: by the first choice, after its failure by the next. Never rejects. */
export async function buyStep(
  context: CallContext,
  made: ReservedCall,
  step: BoughtStep,
  result: Made,
  nextSequence: () => number,
): Promise<Stepped> {
  const steps: FinishedCall[] = []
  const work: Work = { context, made, step, nextSequence, steps }
  const all = await Promise.all(result.images.map((image, index) => changeOne(work, image, made.attempt.firstImage + index)))
  const images: ReceivedImage[] = []
  const originals = new Map<number, ReceivedImage>()
  let failure: AttemptFailure | undefined
  for (const [index, changed] of all.entries()) {
    const original = result.images[index]
    if ('failure' in changed) {
      failure = changed.failure
      await original?.body.dispose()
    } else {
      if (original) originals.set(images.length, original)
      images.push(changed.image)
    }
  }
  const last = steps.findLast(({ record }) => record.imagesMade > 0)
  return {
    kind: step.kind,
    images,
    originals,
    steps,
    ...(failure && { failure }),
    ...(last && { by: last.reserved.candidate.offer.id }),
  }
}

interface Work {
  readonly context: CallContext
  readonly made: ReservedCall
  readonly step: BoughtStep
  readonly nextSequence: () => number
  readonly steps: FinishedCall[]
}

type Changed = { readonly image: ReceivedImage } | { readonly failure: AttemptFailure }

async function changeOne(work: Work, image: ReceivedImage, firstImage: number): Promise<Changed> {
  const { context, step } = work
  let failure: AttemptFailure | undefined
  for (const candidate of step.by) {
    const tried = await callStep(work, candidate, image, firstImage).catch((error: unknown) => failureOf(step, error))
    if ('image' in tried) return tried
    failure = tried.failure
    // One that may have been billed is only repeated where the route pays twice.
    if (failure.billed !== 'no' && !context.paysTwice) break
  }
  // The picture itself was paid for, whatever became of it.
  return { failure: { ...(failure ?? nobody(step)), retryable: false, billed: 'yes' } }
}

async function callStep(
  { context, made, step, nextSequence, steps }: Work,
  candidate: Candidate,
  image: ReceivedImage,
  firstImage: number,
): Promise<Changed> {
  const asked: ImageInput = {
    role: 'image',
    sha256: image.body.sha256,
    bytes: image.body.bytes,
    mediaType: image.mediaType,
    width: image.size.width,
    height: image.size.height,
  }
  const { stream: _stream, ...input } = context.input
  const { request, size } = requestOfStep(input.request, made, step, candidate, asked)
  const own: CallContext = {
    ...context,
    onFinished: (call) => context.onFinished(call, request.operation),
    input: { ...input, request, inputs: [{ input: asked, body: image.body }] },
  }
  const { reserved, result } = await reserveCall(own, {
    call: { kind: 'step', candidate: made.call.candidate, n: 1 },
    candidate: { ...candidate, settings: { ...candidate.settings, size } },
    round: made.round,
    sequence: nextSequence(),
    firstImage,
    maxCostNanoUsd: undefined,
    wholeNanoUsd: undefined,
  })
  if (result.kind !== 'reserved') {
    if (result.kind === 'budget_exceeded') context.onBudgetReached(result.budgetId)
    throw new HalftoneError('insufficient_quota', `A budget has no room for ${doing[step.kind]}.`)
  }
  const done = await runCall(own, reserved)
  steps.push(done)
  const images = done.result.kind === 'done' ? done.result.images : []
  try {
    await settleCall(context.services, done, undefined)
  } catch (error) {
    await Promise.all(images.map(({ body }) => body.dispose()))
    throw error
  }
  const [changed] = images
  return changed ? { image: changed } : { failure: done.record.failure ?? nobody(step) }
}

/** By the picture as it is: its maker may have returned another size than the plan says. */
function requestOfStep(
  request: ImageRequest,
  made: ReservedCall,
  step: BoughtStep,
  { offer, settings }: Candidate,
  image: ImageInput,
): { readonly request: ImageRequest; readonly size: Size } {
  const { width, height } = image
  if (step.kind === 'cut_out') return { request: cutOutRequest(request, image), size: { width, height } }
  const factors = offer.capabilities.upscale?.factors ?? []
  const planned = settings.size.width / made.candidate.settings.size.width
  const factor = factors.find((each) => Math.abs(each - planned) < 0.01) ?? planned
  return {
    request: upscaleRequest(request, offer, image, factor),
    size: { width: Math.round(width * factor), height: Math.round(height * factor) },
  }
}

const doing = { cut_out: 'cutting the picture out', upscale: 'enlarging the picture' } as const satisfies Record<
  BoughtStep['kind'],
  string
>

const nobody = ({ kind }: BoughtStep): AttemptFailure => ({
  code: 'provider_no_image',
  message: `The picture was made, but nobody could do the rest: ${doing[kind]}.`,
  retryable: false,
  billed: 'no',
})

const failureOf = (step: BoughtStep, error: unknown): Changed => ({
  failure:
    error instanceof HalftoneError
      ? { code: error.code, message: error.message, retryable: false, billed: error.billed ?? 'no' }
      : { ...nobody(step), code: 'internal_error' },
})
