/** `providers.<name>.facts`: what an operator knows of an account, such as a zero-retention agreement. */
import { z } from 'zod'
import { factDays, factRegion } from '../contract/facts.ts'
import { licences, trainingUses, watermarks } from '../core/offer-facts.ts'
import { isoDate } from './schema-values.ts'

export const operatorFacts = z.strictObject({
  region: z.array(factRegion).min(1).exactOptional().describe('Every place where it may run.'),
  retention: z
    .union([factDays, z.literal('self')], { error: 'must be a number of days, or self' })
    .exactOptional()
    .describe('Days that prompts and pictures are kept; 0 with a zero-retention agreement, `self` on your own machines.'),
  training: z.enum(trainingUses).exactOptional().describe('Whether models are trained on what is sent.'),
  licence: z.enum(licences).exactOptional().describe('Whether pictures may be used commercially.'),
  watermark: z.enum(watermarks).exactOptional().describe('The mark in the pixels.'),
  credentials: z.enum(['c2pa', 'none']).exactOptional().describe('Signed statements of origin in the file.'),
  checkedAt: isoDate.exactOptional().describe('When that was last looked at; default: when the file was changed.'),
  note: z.string().min(1).max(500).exactOptional().describe('Where it is written, such as the name of the agreement.'),
})
