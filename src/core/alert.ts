/** What people are told of. Kinds, how bad each is, and which of them a channel wants. */
import type { JsonObject } from './json.ts'

/** Each kind with what it means, as the guide prints it. */
export const alertKinds = {
  'budget.threshold': 'A budget has used 50, 80 or 100 % of its limit.',
  'budget.forecast': 'A budget will pass its limit within its period, at the pace so far.',
  'breaker.opened': 'An offer failed so often that it gets no requests for a while.',
  'breaker.closed': 'That offer answers again.',
  'quality.failed': 'A model was rejected so often under a quality floor that it is not chosen under it for a while.',
  'quality.recovered': 'That model is tried again.',
  'price.finding': 'A call cost more than the most it was quoted at, or something else about its bill needs a look.',
  'money.unknown': 'Calls ended without anybody knowing whether they were billed.',
  'provider.key_rejected': 'A provider refuses the key of its account.',
  'provider.no_credit': 'The account of a provider is out of credit.',
  'disk.low': 'So little disk is free that pictures are not stored, or nothing is sent to providers.',
  'images.unreachable': 'The bucket of pictures cannot be used: pictures are sent and not kept.',
  'images.reachable': 'Pictures are kept again.',
  'ledger.behind': 'The ledger does not keep up: commands have been waiting for a commit.',
} as const
export type AlertKind = keyof typeof alertKinds
export const alertKindNames = Object.keys(alertKinds) as readonly AlertKind[]

/** From least to worst. */
export const severities = ['info', 'warning', 'critical'] as const
export type Severity = (typeof severities)[number]

export interface AlertEvent {
  /** `test` is what a person sends to try a channel. */
  readonly kind: AlertKind | 'test'
  readonly severity: Severity
  /** What it is about; a name is told once per channel, whatever the number of nodes and restarts. */
  readonly name: string
  /** One line for a person. */
  readonly title: string
  readonly data: JsonObject
}

export interface AlertFilter {
  /** Absent: all of them. */
  readonly kinds?: readonly AlertKind[]
  readonly minSeverity: Severity
}

export const wantsAlert = (
  { kinds, minSeverity }: AlertFilter,
  { kind, severity }: Pick<AlertEvent, 'kind' | 'severity'>,
): boolean =>
  (kind === 'test' || kinds === undefined || kinds.includes(kind)) &&
  severities.indexOf(severity) >= severities.indexOf(minSeverity)

/** Waits after the first, second, ... failure of a delivery, in seconds; after the last one it is given up. */
export const deliveryBackoffS = [10, 60, 300, 1_800, 7_200, 21_600, 43_200] as const

/** So many deliveries at once, when nothing was sent for a while. */
const BURST = 20
const HOUR_US = 3_600_000_000

/** What a channel may still send, as of a moment. */
export interface Allowance {
  readonly left: number
  readonly atUs: number
}

/** The allowance now; undefined: nothing was sent yet. */
export function allowanceAt(before: Allowance | undefined, maxPerHour: number, nowUs: number): Allowance {
  const most = Math.min(BURST, maxPerHour)
  if (!before) return { left: most, atUs: nowUs }
  const since = Math.max(0, nowUs - before.atUs)
  return { left: Math.min(most, before.left + (since / HOUR_US) * maxPerHour), atUs: nowUs }
}

/** The part of a name that changes with time: what is told once per so many microseconds. */
export const within = (windowUs: number, atUs: number): number => Math.floor(atUs / windowUs)
