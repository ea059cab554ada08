/** When things happen in the seeded ledger: its days, and the incidents that a dashboard should make visible. */

export const HOUR_US = 3_600_000_000
export const DAY_US = 24 * HOUR_US

interface Span {
  readonly fromUs: number
  readonly toUs: number
}

export interface Calendar {
  /** Start of the first UTC day. */
  readonly startUs: number
  /** Nothing happens at or after it. */
  readonly endUs: number
  readonly days: number
  /** Every call to this provider fails. */
  readonly outage: Span & { readonly provider: string }
  /** A provider answers with errors, and clients repeat their requests. */
  readonly storm: Span & { readonly provider: string }
  /** A provider's filter refuses far more than before. */
  readonly refusals: Span & { readonly provider: string }
  /** First day of a negotiated price that is higher than the one before. */
  readonly priceChangeUs: number
}

/** `endUs` is cut to the hour, so that seeding twice within an hour gives the same ledger. */
export function createCalendar(days: number, untilUs: number): Calendar {
  const endUs = Math.floor(untilUs / HOUR_US) * HOUR_US
  const startUs = Math.floor((endUs - 1) / DAY_US) * DAY_US - (days - 1) * DAY_US
  const day = (share: number): number => startUs + Math.floor(days * share) * DAY_US
  const span = (share: number, fromHour: number, hours: number): Span => ({
    fromUs: day(share) + fromHour * HOUR_US,
    toUs: day(share) + (fromHour + hours) * HOUR_US,
  })
  return {
    startUs,
    endUs,
    days,
    outage: { provider: 'fal', ...span(0.4, 6, 14) },
    storm: { provider: 'openai', ...span(0.64, 12, 3) },
    refusals: { provider: 'google', ...span(0.82, 0, 48) },
    priceChangeUs: day(0.55),
  }
}

export const isWithin = ({ fromUs, toUs }: Span, atUs: number): boolean => fromUs <= atUs && atUs < toUs

export const isoDay = (atUs: number): string => new Date(atUs / 1_000).toISOString().slice(0, 10)
