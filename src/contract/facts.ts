/** Facts about offers: what a route or a request requires of them, and how they are told. */
import { z } from 'zod'
import { factSourceKinds, licences, trainingUses, watermarks } from '../core/offer-facts.ts'

export const factRegion = z.string().regex(/^([a-z]{2}|global|self)$/, 'must be a country such as us or de, eu, global or self')
export const factDays = z.int().min(0).max(36_500)

const required = {
  region: z.array(factRegion).min(1).max(32).exactOptional(),
  days: factDays.exactOptional(),
  training: z.enum(['no', 'opt-out']).exactOptional(),
  licence: z.enum(['commercial', 'conditions']).exactOptional(),
  watermark: z.enum(['none', 'invisible']).exactOptional(),
}
const meanings = {
  region: 'It may run in these and nowhere else: `eu`, `us`, `self`, ...',
  days: 'Prompts and pictures are kept for this many days at most.',
  training: '`no`: nothing is trained on what is sent; `opt-out` accepts what an account can decline too.',
  licence: '`commercial`: the picture may be used so; `conditions` accepts a licence with conditions too.',
  watermark: '`none`: no mark in the pixels; `invisible` accepts one that cannot be seen.',
}
const isEmpty = (value: object): boolean => Object.keys(value).length === 0

/** `routes.<name>.require`. */
export const routeRequirement = z
  .strictObject({
    region: required.region.describe(meanings.region),
    retentionDays: required.days.describe(meanings.days),
    training: required.training.describe(meanings.training),
    licence: required.licence.describe(meanings.licence),
    watermark: required.watermark.describe(meanings.watermark),
  })
  .refine((value) => !isEmpty(value), 'needs at least one fact')

/** `halftone.require` of a request. */
export const requestRequirement = z
  .strictObject({
    region: required.region.describe(meanings.region),
    retention_days: required.days.describe(meanings.days),
    training: required.training.describe(meanings.training),
    licence: required.licence.describe(meanings.licence),
    watermark: required.watermark.describe(meanings.watermark),
  })
  .refine((value) => !isEmpty(value), 'needs at least one fact')
export type RequestRequirement = z.infer<typeof requestRequirement>

const fact = <Value extends z.ZodType>(value: Value) =>
  z
    .object({
      value,
      source: z.object({
        kind: z.enum(factSourceKinds),
        url: z.string(),
        checked_at: z.string(),
        note: z.string().optional(),
      }),
    })
    .nullable()

/** Of an offer; null: unknown, which meets no requirement. */
export const offerFacts = z.object({
  region: fact(z.array(z.string())).describe('Every place where it may run.'),
  retention: fact(z.union([z.int(), z.literal('self')])).describe('Days that prompts and pictures are kept at most.'),
  training: fact(z.enum(trainingUses)).describe('Whether models are trained on what is sent.'),
  licence: fact(z.enum(licences)).describe('Whether the picture may be used commercially.'),
  watermark: fact(z.enum(watermarks)).describe('The mark in the pixels.'),
  credentials: fact(z.enum(['c2pa', 'none'])).describe('Signed statements of origin in the file.'),
})
export type OfferFactsWire = z.infer<typeof offerFacts>
