/** What people said about pictures that were made under a floor. */
import { z } from 'zod'
import { timestamp } from './common.ts'

const words = {
  rejected: z.number().describe('Requests whose pictures were rejected; a score counts for a part of one.'),
  accepted: z.number(),
}

export const productQuality = z.object({
  product: z
    .string()
    .describe('A model at one quality setting: `publisher/name@quality`, or `publisher/name` where it has none.'),
  rating: z.number().nullable().describe('Lower bound of the public rating, which floors compare; null: nobody measured it.'),
  ...words,
  findings: z
    .array(
      z.object({
        project: z.string().nullable().describe('For whom it counts; null: for projects that said nothing about it themselves.'),
        floor: z.number().describe('Score of the floor that the pictures were made under.'),
        ...words,
        since: timestamp.describe('First word that still counts.'),
        below_until: timestamp
          .nullable()
          .describe('It does not meet this floor until then, if nothing more is said; null: it does.'),
      }),
    )
    .describe('Lowest floor first.'),
})
export type ProductQualityWire = z.infer<typeof productQuality>

export const resetQualityRequest = z.strictObject({
  product: z.string().min(1).max(200).describe('As it is listed.'),
})
