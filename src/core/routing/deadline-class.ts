/** How long a route's requests may take, and what being late costs when candidates are compared. */
import type { Policy } from './types.ts'

type Deadline = Required<Pick<Policy, 'deadlineMs' | 'latenessNanoUsdPerSecond' | 'everyLane'>>

/**
 * Of a person who waits, a second is worth about as much as a cheap picture; of a page that loads, a tenth of that; a catalogue
 * made overnight is late for nobody.
 */
export const deadlineClasses = {
  realtime: { deadlineMs: 15_000, latenessNanoUsdPerSecond: 10_000_000n, everyLane: false },
  standard: { deadlineMs: 60_000, latenessNanoUsdPerSecond: 1_000_000n, everyLane: false },
  economy: { deadlineMs: 24 * 3_600_000, latenessNanoUsdPerSecond: 0n, everyLane: true },
} as const satisfies Record<string, Deadline>

export type DeadlineClass = keyof typeof deadlineClasses
