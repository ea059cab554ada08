/** The steps after a call: from the picture that was bought to the one that was asked for, a few at a time. */
import type { FinishingStep } from '../core/finishing.ts'
import { describeStep } from '../core/finishing.ts'
import type { Warning } from '../core/offer.ts'
import type { ReceivedImage } from '../ports/provider.ts'
import type { Step } from '../ports/step.ts'
import type { GatewayServices } from './state.ts'

/** The step as the gateway uses it; the composition root says which one. */
export type FinishStep = Step<{ readonly steps: readonly FinishingStep[] }>

/** A decoded picture is tens of megabytes, and the library has threads of its own: more at once would only wait inside it. */
const AT_ONCE = 2
/** Waiting for its turn included. */
const TIMEOUT_MS = 60_000

export interface Finisher {
  /** The changed picture, or the very same one where nothing had to be done. Rejects when it cannot be changed. */
  finish(image: ReceivedImage, steps: readonly FinishingStep[], spool: GatewayServices['spool']): Promise<ReceivedImage>
}

export function createFinisher(step: FinishStep): Finisher {
  const waiting: (() => void)[] = []
  let running = 0
  const enter = async (): Promise<void> => {
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
  }
  const leave = (): void => {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
  return {
    async finish(image, steps, spool) {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      await enter()
      try {
        const made = await step.run({ body: image.body, mediaType: image.mediaType }, { steps }, { spool, signal })
        if (made.body === image.body) return image
        return { ...image, body: made.body, mediaType: `image/${made.format}`, size: made.size }
      } finally {
        leave()
      }
    },
  }
}

export interface Finished {
  /** In the order of the originals; an original stands where its picture could not be changed. */
  readonly images: readonly ReceivedImage[]
  /** By index: what a changed picture was made from. */
  readonly originals: ReadonlyMap<number, ReceivedImage>
  readonly warnings: readonly Warning[]
}

/** A paid picture is never lost to a step: where one fails the original is returned, with a warning. */
export async function finishImages(
  { finisher, spool, log }: GatewayServices,
  images: readonly ReceivedImage[],
  steps: readonly FinishingStep[],
): Promise<Finished> {
  const originals = new Map<number, ReceivedImage>()
  const warnings: Warning[] = []
  const made = await Promise.all(
    images.map(async (image, index) => {
      try {
        const changed = await finisher.finish(image, steps, spool)
        if (changed !== image) originals.set(index, image)
        return changed
      } catch (err) {
        log.error({ err }, 'a picture could not be finished; it is returned as the provider made it')
        const reason = err instanceof Error ? err.message : 'unknown'
        const message = `Not done: ${steps.map(describeStep).join(', ')}. ${reason}`
        warnings.push({ code: 'finishing_failed', message })
        return image
      }
    }),
  )
  return { images: made, originals, warnings }
}
