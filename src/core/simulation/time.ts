/** The simulated calendar, microseconds UTC. */

export const HOUR_US = 3_600_000_000
export const DAY_US = 24 * HOUR_US
/** A month that begins on a Monday and has 30 days. */
export const MONTH_START_US = Date.UTC(2026, 5, 1) * 1_000
export const MONTH_DAYS = 30
export const HISTORY_DAYS = 14
export const MONTH_END_US = MONTH_START_US + MONTH_DAYS * DAY_US
/** Changes of price are seen a day after they took effect, when they have been billed. */
export const BILLING_LAG_US = 24 * HOUR_US
