/** The schema of `steps`: what is done to pictures on this machine. */
import { z } from 'zod'
import { decimalText } from './schema-values.ts'

export const stepsSchema = z.strictObject({
  price: z
    .strictObject({
      perPicture: decimalText.exactOptional().describe('USD per picture that is changed.'),
      perMegapixel: decimalText.exactOptional().describe('USD per 1,000,000 pixels of the changed picture.'),
      perSecond: decimalText.exactOptional().describe('USD per second that changing it takes.'),
    })
    .refine((price) => Object.keys(price).length > 0, 'must name perPicture, perMegapixel or perSecond')
    .exactOptional()
    .describe('What converting, resizing and enlarging here costs the operator; default: it is not charged for.'),
})
