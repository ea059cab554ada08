/** Our own compute as something that has a price: the steps that finish a picture on this machine, as a candidate of their own. Pure. */
import { type Candidate, type Offer, offerId } from './offer.ts'
import type { PriceBook, Rate } from './pricing/price-book.ts'
import type { Size } from './request.ts'

/** The provider that stands for this machine in ledger and exports. No account may have this name while its work has a price. */
export const OWN_PROVIDER = 'halftone'
const OWN_MODEL = 'halftone/finish'

export const ownOffer: Offer = {
  id: offerId({ provider: OWN_PROVIDER, model: OWN_MODEL }),
  provider: OWN_PROVIDER,
  providerType: OWN_PROVIDER,
  model: OWN_MODEL,
  wireModel: 'finish',
  sandbox: false,
  capabilities: {
    operations: [],
    sizes: { kind: 'any' },
    defaultSize: { width: 1024, height: 1024 },
    qualities: [],
    maxN: 1_000,
    formats: ['png', 'jpeg', 'webp'],
    defaultFormat: 'png',
    backgrounds: [],
    maxInputs: 0,
    mask: false,
    maxPromptChars: 0,
    parameters: [],
    cancelStopsBilling: false,
    asyncJobs: false,
  },
}

/** Decimal texts, USD. */
export interface OwnStepPrice {
  readonly perPicture?: string
  readonly perMegapixel?: string
  readonly perSecond?: string
}

/** Most seconds that changing a picture may take; what it usually takes, for quotes. */
const MOST_SECONDS = '20'
const USUAL_SECONDS = '0.5'
const ALWAYS = '1970-01-01'

/** `checkedAt`: ISO date. */
export function ownPriceBook(price: OwnStepPrice, checkedAt: string): PriceBook {
  const source = { url: 'steps.price', kind: 'assumption', checkedAt, note: "The operator's own price." } as const
  const rates = [
    { meter: 'images.out', amount: price.perPicture },
    { meter: 'megapixels.out', amount: price.perMegapixel },
    { meter: 'compute.seconds', amount: price.perSecond },
  ] as const
  return {
    provider: OWN_PROVIDER,
    unit: 'USD',
    source,
    skus: [
      {
        id: 'own-steps',
        model: OWN_MODEL,
        billedPolicy: {
          success: '1',
          refusedBefore: '0',
          refusedAfter: '0',
          providerError: '0',
          timeout: '0',
          cancelled: '0',
        },
        rates: rates.flatMap(({ meter, amount }): Rate[] =>
          // The amount is part of the id: charges name the rate, so another amount must be another rate.
          amount === undefined ? [] : [{ id: `own-steps:${meter}=${amount}`, meter, price: amount, effectiveFrom: ALWAYS }],
        ),
        ...(price.perSecond !== undefined && {
          estimates: [
            {
              meter: 'compute.seconds',
              scope: 'image',
              form: 'constant',
              expected: USUAL_SECONDS,
              min: '0',
              max: MOST_SECONDS,
              source: 'the time limit of a step',
            },
          ],
        }),
      },
    ],
  }
}

/** What finishing so many pictures of a candidate is here; undefined: nothing is done to them. */
export function ownWork({ finishing, upscaled, settings }: Candidate, pictures: number): Candidate | undefined {
  if (!finishing || finishing.length === 0) return undefined
  const enlarged = upscaled?.[0]?.settings.size ?? settings.size
  const size = finishing.reduce((last: Size, step) => (step.kind === 'resize' ? step.size : last), enlarged)
  return { offer: ownOffer, settings: { size, format: settings.format, n: pictures }, warnings: [] }
}
