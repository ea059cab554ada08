/** Seeds for servers that need one in each call: a codec is pure, so it is made of the attempt's id. */

/** A whole number below 2^32, spread evenly and the same for the same text (FNV-1a). */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}
