/**
 * Tells people what they should know. What is to be told becomes a row per event and channel, whose id is made of both, so that all nodes
 * together tell it once; deliveries are leased, tried again with the same id, and survive a restart.
 */
import { type AlertEvent, type Allowance, allowanceAt, deliveryBackoffS, wantsAlert } from '../core/alert.ts'
import type { JsonObject } from '../core/json.ts'
import type { Job, NewJob } from '../ports/ledger.ts'
import {
  type AlertChannel,
  type AlertSenders,
  deliver,
  hashOf,
  identityOf,
  type StoredAlert,
  targetOf,
} from './alert-channels.ts'
import type { GatewayServices } from './state.ts'

export interface AlertsOptions {
  readonly services: Pick<GatewayServices, 'ledger' | 'clock' | 'log' | 'node' | 'random'>
  readonly channels: () => readonly AlertChannel[]
  /** Deliveries per channel and hour, on each node; what is above waits. */
  readonly maxPerHour: () => number
  readonly senders: AlertSenders
  /** Asked every few seconds: what there is to tell, told before or not. */
  look(nowUs: number): Promise<readonly AlertEvent[]>
  /** How often it looks, and makes the deliveries that are due; 5 s when absent. */
  readonly everyMs?: number
}

export interface Alerts {
  /** Tell of something that happened. */
  raise(events: readonly AlertEvent[]): void
  /** As this node sees them. */
  status(): readonly ChannelStatus[]
  /** Send a message at once, past filters and allowance. Undefined: there is no such channel. */
  test(name: string, signal: AbortSignal): Promise<{ readonly failure: string | undefined } | undefined>
  close(): Promise<void>
}

export interface ChannelStatus {
  readonly channel: AlertChannel
  readonly target: string
  readonly sent: number
  readonly failed: number
  readonly lastSentUs: number | undefined
  /** Undefined: the last delivery was taken. */
  readonly lastFailure: { readonly atUs: number; readonly message: string } | undefined
}

const EVERY_MS = 5_000
const LEASE_US = 60_000_000
const MOST_AT_ONCE = 20
/** Told before, as far as memory needs to know: the ledger knows better. */
const MOST_REMEMBERED = 20_000
const MOST_RAISED = 1_000

interface Memory {
  sent: number
  failed: number
  lastSentUs: number | undefined
  lastFailure: ChannelStatus['lastFailure']
  allowance: Allowance | undefined
}

export function startAlerts(options: AlertsOptions): Alerts {
  const { services, everyMs = EVERY_MS } = options
  const stop = new AbortController()
  const told = new Set<string>()
  const memories = new Map<string, Memory>()
  const delivering = new Map<string, Promise<void>>()
  let raised: AlertEvent[] = []
  let wake = new AbortController()

  const memoryOf = (channel: AlertChannel): Memory => {
    const identity = identityOf(channel)
    const known = memories.get(identity)
    if (known) return known
    const created: Memory = { sent: 0, failed: 0, lastSentUs: undefined, lastFailure: undefined, allowance: undefined }
    memories.set(identity, created)
    return created
  }

  const send = async (
    channel: AlertChannel,
    alert: StoredAlert,
    id: string,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    const failure = await deliver(channel, alert, { id, nowUs: services.clock.nowUs(), senders: options.senders, signal })
    const memory = memoryOf(channel)
    const atUs = services.clock.nowUs()
    if (failure === undefined) {
      memory.sent += 1
      memory.lastSentUs = atUs
      memory.lastFailure = undefined
    } else {
      memory.failed += 1
      memory.lastFailure = { atUs, message: failure }
    }
    return failure
  }

  /** Every event becomes a row per channel that wants it. */
  async function write(events: readonly AlertEvent[]): Promise<void> {
    const nowUs = services.clock.nowUs()
    const due = options
      .channels()
      .flatMap((channel) => jobsFor(channel, events, nowUs))
      .filter(({ id }) => !told.has(id))
    if (due.length === 0) return
    await services.ledger.jobs.add(due)
    if (told.size > MOST_REMEMBERED) told.clear()
    for (const { id } of due) told.add(id)
  }

  async function deliverDue(channel: AlertChannel): Promise<void> {
    const memory = memoryOf(channel)
    const nowUs = services.clock.nowUs()
    const allowance = allowanceAt(memory.allowance, options.maxPerHour(), nowUs)
    memory.allowance = allowance
    const limit = Math.min(MOST_AT_ONCE, Math.floor(allowance.left))
    if (limit === 0) return
    const claim = { kind: jobKindOf(channel), nodeId: services.node.id, nowUs, leaseUntilUs: nowUs + LEASE_US, limit }
    const jobs = await services.ledger.jobs.claim(claim)
    memory.allowance = { ...allowance, left: allowance.left - jobs.length }
    await Promise.all(
      jobs.map(async (job) => conclude(services, channel, job, await send(channel, alertOf(job), job.id, stop.signal))),
    )
  }

  /** Nobody else knows of them, and who looks tells of a change once: what cannot be written down is written in a later round. */
  async function writeOrKeep(events: readonly AlertEvent[]): Promise<void> {
    try {
      await write(events)
    } catch (error) {
      const kept = new Map([...events, ...raised].map((event) => [event.name, event]))
      raised = [...kept.values()].slice(0, MOST_RAISED)
      throw error
    }
  }

  async function round(): Promise<void> {
    const happened = raised
    raised = []
    await writeOrKeep(happened)
    await writeOrKeep(await options.look(services.clock.nowUs()))
    for (const channel of options.channels()) deliverBeside(channel)
  }

  /** One that hangs holds up neither the other channels nor the next look. */
  function deliverBeside(channel: AlertChannel): void {
    const kind = jobKindOf(channel)
    if (delivering.has(kind)) return
    const work = deliverDue(channel)
      .catch((err: unknown) =>
        services.log.error({ err, channel: channel.name }, 'alerts could not be delivered; it will be tried again'),
      )
      .finally(() => delivering.delete(kind))
    delivering.set(kind, work)
  }

  const loop = (async () => {
    while (!stop.signal.aborted) {
      await services.clock.sleep(everyMs, AbortSignal.any([stop.signal, wake.signal])).catch(() => undefined)
      if (stop.signal.aborted) continue
      wake = new AbortController()
      if (options.channels().length === 0) raised = []
      else await round().catch((err: unknown) => services.log.error({ err }, 'telling of alerts failed; it will be tried again'))
    }
    // What happened while it stopped is written down for the next start.
    await write(raised).catch((err: unknown) => services.log.error({ err }, 'the last alerts could not be written down'))
  })()

  return {
    raise(events) {
      if (events.length === 0 || raised.length >= MOST_RAISED) return
      raised.push(...events)
      wake.abort()
    },
    status: () =>
      options.channels().map((channel) => {
        const { allowance: _, ...memory } = memoryOf(channel)
        return { channel, target: targetOf(channel), ...memory }
      }),
    async test(name, signal) {
      const channel = options.channels().find((it) => it.name === name)
      if (!channel) return undefined
      const createdUs = services.clock.nowUs()
      const alert: StoredAlert = {
        kind: 'test',
        severity: 'info',
        title: 'This is a test of Halftone; alerts will look like it',
        data: { channel: name, node: services.node.id },
        createdUs,
      }
      return { failure: await send(channel, alert, `alert_test_${hashOf(`${name} ${createdUs} ${services.random()}`)}`, signal) }
    },
    async close() {
      stop.abort()
      await loop
      await Promise.all(delivering.values())
    },
  }
}

/** A kind per channel, so that one that is slow or full holds up no other. */
const jobKindOf = (channel: AlertChannel): string => `alert ${hashOf(identityOf(channel))}`

const jobsFor = (channel: AlertChannel, events: readonly AlertEvent[], nowUs: number): readonly NewJob[] =>
  events
    .filter((event) => wantsAlert(channel, event))
    .map(({ name, ...event }) => ({
      id: `alert_${hashOf(`${name} ${identityOf(channel)}`)}`,
      kind: jobKindOf(channel),
      createdUs: nowUs,
      // Plain data; an interface has no index signature.
      payload: { ...event, createdUs: nowUs } satisfies StoredAlert as unknown as JsonObject,
    }))

/** As `jobsFor` wrote it. */
const alertOf = ({ payload }: Job): StoredAlert => payload as unknown as StoredAlert

async function conclude(
  { ledger, clock, log, random }: AlertsOptions['services'],
  channel: AlertChannel,
  job: Job,
  failure: string | undefined,
): Promise<void> {
  const atUs = clock.nowUs()
  if (failure === undefined) return ledger.jobs.finish({ id: job.id, atUs })
  const waitS = deliveryBackoffS[job.tries - 1]
  const about = { channel: channel.name, failure, id: job.id }
  if (waitS === undefined) {
    log.error(about, 'an alert could not be delivered and is given up')
    return ledger.jobs.finish({ id: job.id, atUs, error: failure })
  }
  log.warn(about, 'an alert could not be delivered; it will be tried again')
  // Up to half as long again, so that nodes and alerts do not come back together.
  return ledger.jobs.retry({ id: job.id, runAtUs: atUs + Math.round(waitS * 1_000_000 * (1 + random() / 2)), error: failure })
}
