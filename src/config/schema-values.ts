/** Value types shared by the sections of the configuration schema. Messages say what is wanted and never quote the value. */
import { z } from 'zod'
import { parseSize } from '../core/request.ts'

export { decimalText, isoDate, modelPattern, objectName, usdAmount } from '../contract/document-values.ts'

const UNIT_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

function parseBytes(text: string): number {
  const match = /^(\d+)(B|KiB|MiB|GiB|TiB)?$/.exec(text)
  return Number(match?.[1] ?? Number.NaN) * UNIT_BYTES[(match?.[2] ?? 'B') as keyof typeof UNIT_BYTES]
}

const bytesError = 'must be a number of bytes, or text such as 64MiB'

/** A byte count: a whole number, or text such as `64MiB`. */
export const byteCount = z
  .union([z.int().min(0), z.string().regex(/^\d+(B|KiB|MiB|GiB|TiB)?$/, bytesError)], { error: bytesError })
  .transform((value) => (typeof value === 'number' ? value : parseBytes(value)))
  .refine(Number.isSafeInteger, 'is too many bytes')

/** `WIDTHxHEIGHT` in pixels. */
export const pixelSize = z.string().transform((text, context) => {
  const size = parseSize(text)
  if (size) return size
  context.addIssue({ code: 'custom', message: 'must be WIDTHxHEIGHT in pixels, such as 1024x1024' })
  return z.NEVER
})

/** Names of tags. */
export const tagName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be 1 to 63 lower-case letters, digits, ".", "_" or "-"')

export const tags = z
  .record(tagName, z.string().min(1).max(256))
  .refine((value) => Object.keys(value).length <= 10, 'must hold at most 10 tags')

/** `publisher/name`. */
export const modelName = z.string().regex(/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/, 'must be publisher/name')

/** The name of an environment variable. */
export const variableName = z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of an environment variable')

/** Positive whole milliseconds, at most a day. */
export const milliseconds = z.int().min(1).max(86_400_000)

/** Rates of a key or an offer; both of this node alone. */
export const rates = {
  requestsPerMinute: z.int().min(1).max(1_000_000).exactOptional().describe('Requests per minute, on each node.'),
  imagesPerMinute: z.int().min(1).max(1_000_000).exactOptional().describe('Images per minute, on each node.'),
}
