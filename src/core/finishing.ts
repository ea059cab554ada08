/** What this machine does to a picture after it was bought, so that it becomes exactly what was asked for. */
import { formatSize, type Size } from './request.ts'

/** Formats a picture can be converted from and to. */
export const convertibleFormats = ['png', 'jpeg', 'webp'] as const
export type ConvertibleFormat = (typeof convertibleFormats)[number]

/** `cover` fills the size and cuts off what stands out; `contain` keeps the whole picture and pads it. */
export type Fit = 'cover' | 'contain'

export type FinishingStep =
  /** Onto white, where it has transparency. */
  | { readonly kind: 'flatten' }
  /** To exactly this size; `fill` is for a picture of the very same shape. */
  | {
      readonly kind: 'resize'
      readonly size: Size
      readonly fit: Fit | 'fill'
      /** Times each edge at most; absent: it is never enlarged. */
      readonly enlarge?: number
    }
  | { readonly kind: 'convert'; readonly format: ConvertibleFormat /** 1..100. */; readonly quality?: number }

/** One step in words: `resize to 800x600 (cover)`. */
export function describeStep(step: FinishingStep): string {
  switch (step.kind) {
    case 'flatten':
      return 'flatten onto white'
    case 'resize': {
      const { size, fit, enlarge } = step
      return `${enlarge === undefined ? 'resize' : 'enlarge'} to ${formatSize(size)}${fit === 'fill' ? '' : ` (${fit})`}`
    }
    case 'convert':
      return `convert to ${step.format}${step.quality === undefined ? '' : ` at quality ${step.quality}`}`
  }
}

/** How much it is enlarged, in whole steps: 2 for everything above 1 up to 2. Undefined: not at all. */
export function enlargementOf(steps: readonly FinishingStep[] | undefined): number | undefined {
  for (const step of steps ?? []) if (step.kind === 'resize' && step.enlarge !== undefined) return Math.ceil(step.enlarge)
  return undefined
}
