/**
 * Works through batches. A node takes a whole batch, because its pictures may lie on that node's disk; its lines are requests like any other,
 * with a day's time and every lane open to them. What a crash leaves unfinished is asked again under the same idempotency key:
 * a line is never paid for twice.
 */
import { HalftoneError } from '../../core/error.ts'
import type { BatchLine, BatchRecord } from '../../ports/ledger.ts'
import type { ServerContext } from '../context.ts'
import { readInput } from './input.ts'
import { begunOf, type LineOutcome, runLine } from './line.ts'

export interface BatchRunner {
  /** There is something to do: look at once. */
  wake(): void
  /** Begins nothing more; what runs is left to the gateway's own drain. */
  close(): Promise<void>
}

/** Lines of one node that are under way: far more wait for slow lanes than could be worked on. */
const MOST_RUNNING = 512
/** Of the node's own limit: the rest is for people who wait. */
const SHARE = 0.5
const LOOK_EVERY_MS = 1_000
/** Another node may have stopped, and left batches behind. */
const IDLE_MS = 10_000
const MOST_BATCHES = 32
const PAGE = 500
/** A line that failed at no cost and might succeed is asked so often. */
const MOST_TRIES = 4

export function startBatches(context: ServerContext, nodeId: string): BatchRunner {
  const { services } = context
  const { ledger, clock, log } = services
  const stop = new AbortController()
  /** Lines under way, by batch. */
  const running = new Map<string, Set<number>>()
  let nap = new AbortController()
  const wake = (): void => nap.abort()

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      nap = new AbortController()
      let open = 0
      try {
        open = await look()
      } catch (err) {
        if (!stop.signal.aborted) log.error({ err }, 'batches could not be looked at; this is tried again')
      }
      const restMs = open > 0 ? LOOK_EVERY_MS : IDLE_MS
      await clock.sleep(restMs, AbortSignal.any([stop.signal, nap.signal])).catch(() => undefined)
    }
  }

  /** Returns how many batches are this node's. */
  async function look(): Promise<number> {
    const nowUs = clock.nowUs()
    const batches = await ledger.batches.claim({ nodeId, limit: MOST_BATCHES })
    for (const batch of batches) {
      if (stop.signal.aborted) break
      // One whose file cannot be read does not keep the others waiting.
      await advance(batch, nowUs, batches.length).catch((err: unknown) => {
        if (!stop.signal.aborted) log.error({ err, batch: batch.id }, 'a batch could not be worked on; this is tried again')
      })
    }
    return batches.length
  }

  async function advance(batch: BatchRecord, nowUs: number, batches: number): Promise<void> {
    const isOver = batch.expiresUs <= nowUs
    if (batch.state === 'cancelling' || isOver)
      return closeDown(batch, batch.state === 'cancelling' ? 'cancelled' : 'expired', nowUs)
    if (batch.state === 'validating') return validate(batch)
    const mine = linesOf(batch.id)
    const most = Math.max(1, Math.min(MOST_RUNNING, Math.floor(context.current().settings.maxConcurrentRequests * SHARE)))
    // No batch keeps the others waiting: each has its share of the places.
    const room = Math.min(most - total(), Math.max(1, Math.floor(most / batches)) - mine.size)
    const due = room > 0 ? await ledger.batches.waiting({ batchId: batch.id, nowUs, limit: mine.size + room }) : []
    for (const line of due.filter(({ line: each }) => !mine.has(each)).slice(0, room)) begin(batch, line, mine)
    if (mine.size > 0) return
    const [waiting] = await ledger.batches.waiting({ batchId: batch.id, nowUs: Number.MAX_SAFE_INTEGER, limit: 1 })
    if (!waiting) await end(batch, 'completed')
  }

  const total = (): number => [...running.values()].reduce((sum, lines) => sum + lines.size, 0)

  function linesOf(batchId: string): Set<number> {
    const known = running.get(batchId) ?? new Set()
    running.set(batchId, known)
    return known
  }

  function begin(batch: BatchRecord, line: BatchLine, mine: Set<number>): void {
    mine.add(line.line)
    runLine(context, batch, line, stop.signal)
      .then((outcome) => keep(batch, line, outcome))
      .catch((err: unknown) => {
        if (!stop.signal.aborted) log.error({ err, batch: batch.id, line: line.line }, 'a line of a batch could not be done')
      })
      .finally(() => {
        mine.delete(line.line)
        wake()
      })
  }

  async function keep(batch: BatchRecord, { line, tries }: BatchLine, outcome: LineOutcome): Promise<void> {
    const atUs = clock.nowUs()
    const place = { batchId: batch.id, line }
    if (outcome.kind === 'later' && (!outcome.tried || tries + 1 < MOST_TRIES)) {
      const waitUs = Math.max(outcome.afterMs, 1_000 * 2 ** Math.min(tries, 6)) * 1_000
      return ledger.batches.postponeLine({ ...place, runAtUs: atUs + waitUs, tried: outcome.tried })
    }
    if (outcome.kind === 'done')
      return ledger.batches.finishLine({ ...place, atUs, state: 'done', httpStatus: 200, ...outcome.answer })
    await ledger.batches.finishLine({ ...place, atUs, state: 'failed', ...outcome.failure })
  }

  async function validate(batch: BatchRecord): Promise<void> {
    const file = await ledger.batches.file(batch.fileId)
    const blob = file && (await services.blobs.open(file.sha256))
    if (!blob) {
      const message = 'The input file is not stored any more, or not where this node keeps files.'
      return end(batch, 'failed', [{ code: 'asset_expired', message, param: 'input_file_id', line: null }])
    }
    const { lines, problems } = await readInput(context, blob.stream, { endpoint: batch.endpoint, signal: stop.signal })
    if (problems.length > 0) return end(batch, 'failed', problems)
    for (let from = 0; from < lines.length; from += PAGE) {
      const atUs = clock.nowUs()
      await ledger.batches.addLines({ batchId: batch.id, lines: lines.slice(from, from + PAGE), atUs })
    }
    await ledger.batches.start({ id: batch.id, atUs: clock.nowUs() })
    wake()
  }

  /** What waits is never begun; what runs has been paid for, and is waited for. */
  async function closeDown(batch: BatchRecord, state: 'cancelled' | 'expired', nowUs: number): Promise<void> {
    const mine = linesOf(batch.id)
    if (mine.size > 0) return
    const begun = await begunBefore(batch)
    for (const line of begun) begin(batch, line, mine)
    if (begun.length > 0) return
    await ledger.batches.closeWaiting({ batchId: batch.id, state, atUs: nowUs })
    await end(batch, state)
  }

  /** Lines that a node before this one was waiting for, as far as there is room for them. */
  async function begunBefore(batch: BatchRecord): Promise<readonly BatchLine[]> {
    for (let afterLine = -1; ; ) {
      const lines = await ledger.batches.lines({ batchId: batch.id, afterLine, limit: PAGE, states: ['waiting'] })
      const begun = await begunOf(context, batch, lines)
      const last = lines.at(-1)
      if (begun.length > 0 || lines.length < PAGE || last === undefined) return begun
      afterLine = last.line
    }
  }

  async function end(
    batch: BatchRecord,
    state: 'completed' | 'failed' | 'cancelled' | 'expired',
    problems: BatchRecord['problems'] = [],
  ): Promise<void> {
    running.delete(batch.id)
    const { promptMode } = await context.keys.project(batch.projectId)
    await ledger.batches.end({ id: batch.id, state, atUs: clock.nowUs(), problems, dropInput: promptMode !== 'full' })
  }

  const looping = loop()
  return {
    wake,
    async close() {
      stop.abort(new HalftoneError('draining', 'This node is shutting down.'))
      await looping
    },
  }
}
