/** Attempts that are of another class than their request: where what is learned about their offer has to count them. */
import type { NewRow } from '../schema.ts'
import type { Attempt, Request } from './world.ts'

export const shiftSums = ['attempts', 'cost_nano_usd', 'accepted', 'rejected'] as const

type ShiftSums = { [K in (typeof shiftSums)[number]]: bigint }
type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Rows of `class_shifts`, signed. */
export type ClassShifts = Map<string, Mutable<NewRow<'class_shifts'>> & ShiftSums>

interface OwnClass {
  readonly operation: string
  readonly size_class: string
  readonly quality: string
}

/** That of the request where the attempt says none: it was written before attempts had one. */
export const classOf = (attempt: Attempt, request: Request): OwnClass => ({
  operation: attempt.operation ?? request.operation,
  size_class: attempt.size_class ?? request.size_class,
  quality: attempt.quality ?? request.quality,
})

/** Take what was counted out of the class of the request and count it in that of the attempt. Nothing where they are one. */
export function shift(
  shifts: ClassShifts,
  at: { request: Request; attempt: Attempt; hour: number; node: string; offer: string; outcome: string },
  delta: Partial<ShiftSums>,
): void {
  const { request, attempt } = at
  const own = classOf(attempt, request)
  const { operation, size_class, quality } = request
  if (own.operation === operation && own.size_class === size_class && own.quality === quality) return
  add(shifts, at, { operation, size_class, quality }, delta, -1n)
  add(shifts, at, own, delta, 1n)
}

function add(
  shifts: ClassShifts,
  { request, hour, node, offer, outcome }: { request: Request; hour: number; node: string; offer: string; outcome: string },
  { operation, size_class, quality }: OwnClass,
  delta: Partial<ShiftSums>,
  sign: 1n | -1n,
): void {
  const { prompt_class } = request
  const key = `${hour}\n${offer}\n${operation}\n${size_class}\n${quality}\n${prompt_class}\n${outcome}`
  let row = shifts.get(key)
  if (!row) {
    const sums = { attempts: 0n, cost_nano_usd: 0n, accepted: 0n, rejected: 0n }
    row = { hour_us: hour, offer, operation, size_class, quality, prompt_class, outcome, node_id: node, ...sums }
    shifts.set(key, row)
  }
  for (const column of shiftSums) row[column] += sign * (delta[column] ?? 0n)
}
