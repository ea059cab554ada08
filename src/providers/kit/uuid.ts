/** Ids for APIs that want a UUID of the caller's making: a codec is pure, so it is made of the attempt's id. */
import { createHash } from 'node:crypto'

/** A UUID of the form of version 4, the same for the same text. */
export function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
