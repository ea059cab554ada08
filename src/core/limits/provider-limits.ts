/** What a provider says about its own limits in the headers of an answer. */

/** The pairs in use: OpenAI's and Azure's names, the IETF draft's, and those of simple APIs. */
const pairs: readonly (readonly [remaining: string, reset: string])[] = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-images', 'x-ratelimit-reset-images'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
]

/** Longer than this nobody waits on a header alone. */
const MOST_WAIT_US = 600_000_000

/** When nothing is left until a reset: microseconds UTC of that reset; else 0. Names of headers in lower case. */
export function exhaustedUntilUs(headers: Readonly<Record<string, string>>, nowUs: number): number {
  let until = 0
  for (const [remaining, reset] of pairs) {
    const left = headers[remaining]
    const after = resetUs(headers[reset], nowUs)
    if (left === undefined || !/^\d+$/.test(left.trim()) || Number(left) > 0 || after === undefined) continue
    until = Math.max(until, Math.min(after, nowUs + MOST_WAIT_US))
  }
  return until > nowUs ? until : 0
}

const units = { ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000 } as const

/** `1s`, `6m0s`, `250ms`, seconds from now, or a time as seconds or milliseconds since 1970. */
function resetUs(text: string | undefined, nowUs: number): number | undefined {
  const value = text?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(value)) {
    const number = Number(value)
    if (number > 1e12) return number * 1_000
    return number > 1e9 ? number * 1_000_000 : nowUs + number * 1_000_000
  }
  if (!/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(value)) return undefined
  let sum = 0
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g))
    sum += Number(amount) * units[unit as keyof typeof units]
  return nowUs + Math.round(sum)
}
