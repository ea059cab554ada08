/** Halftone's meters and kinds of commitment in the words of FOCUS. */
import type { LotKind } from '../../pricing/lots.ts'
import type { Meter } from '../../usage.ts'

const unitWords: Readonly<Record<Meter, string>> = {
  requests: 'Requests',
  'images.out': 'Images',
  'images.in': 'Images',
  'images.partial': 'Images',
  'megapixels.out': 'Megapixels',
  'megapixels.in': 'Megapixels',
  'tokens.text.in': 'Tokens',
  'tokens.text.in.cached': 'Tokens',
  'tokens.image.in': 'Tokens',
  'tokens.image.in.cached': 'Tokens',
  'tokens.text.out': 'Tokens',
  'tokens.image.out': 'Tokens',
  'tokens.svg.in': 'Tokens',
  'tokens.svg.out': 'Tokens',
  'tokens.visual': 'Tokens',
  steps: 'Steps',
  'gpu.seconds': 'GPU-Seconds',
  'compute.seconds': 'Compute-Seconds',
  'storage.gb_days': 'GB-Days',
  'egress.gb': 'GB',
  credits: 'Credits',
}

/** Charges that count no meter are per request. */
export const unitOf = (meter: string | null | undefined): string =>
  (unitWords as Readonly<Record<string, string>>)[meter ?? 'requests'] ?? 'Units'

export const lotWords: Readonly<Record<LotKind, { readonly type: string; readonly frequency: 'One-Time' | 'Recurring' }>> = {
  prepaidCredits: { type: 'Prepaid Credits', frequency: 'One-Time' },
  minimumSpend: { type: 'Minimum Spend', frequency: 'Recurring' },
  reservedCapacity: { type: 'Reserved Capacity', frequency: 'Recurring' },
  batchPrepay: { type: 'Batch Prepay', frequency: 'One-Time' },
}

export interface Service {
  readonly provider: string
  readonly name: string
  readonly category: string
  readonly subcategory: string
}

/** A service has one category; what Halftone does itself is a service of its own. */
export function serviceOf(chargeKind: string, provider: string): Service {
  if (chargeKind === 'storage')
    return { provider: 'Halftone', name: 'Halftone image storage', category: 'Storage', subcategory: 'Object Storage' }
  if (chargeKind === 'step')
    return { provider: 'Halftone', name: 'Halftone finishing', category: 'Media', subcategory: 'Content Creation' }
  return { provider, name: `${provider} images`, category: 'AI and Machine Learning', subcategory: 'Generative AI' }
}
