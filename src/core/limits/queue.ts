/** Requests that wait for room: urgent ones first, and when there are too many the least urgent one is turned away. A reducer. */

/** Smaller is more urgent. */
export const urgencies = { realtime: 0, standard: 1, economy: 2 } as const
export type Urgency = keyof typeof urgencies

export interface Waiting {
  readonly id: string
  readonly urgency: Urgency
  readonly sinceUs: number
  readonly untilUs: number
}

/** In the order in which they go on. */
export type Queue = readonly Waiting[]

export interface Joined {
  readonly queue: Queue
  /** Turned away: the least urgent, of those the last to come; perhaps the newcomer. */
  readonly shed: Waiting | undefined
}

/** First come, first served within an urgency. */
export function join(queue: Queue, waiting: Waiting, capacity: number): Joined {
  const at = queue.findIndex((other) => urgencies[other.urgency] > urgencies[waiting.urgency])
  const joined = at === -1 ? [...queue, waiting] : [...queue.slice(0, at), waiting, ...queue.slice(at)]
  if (joined.length <= capacity) return { queue: joined, shed: undefined }
  return { queue: joined.slice(0, -1), shed: joined.at(-1) }
}

export const leave = (queue: Queue, id: string): Queue => queue.filter((waiting) => waiting.id !== id)

/** By how long it may take: what a person waits for, what a page waits for, what nobody waits for. */
export function urgencyOf(deadlineMs: number | undefined): Urgency {
  if (deadlineMs === undefined) return 'standard'
  if (deadlineMs <= 15_000) return 'realtime'
  return deadlineMs >= 3_600_000 ? 'economy' : 'standard'
}
