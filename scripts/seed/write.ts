/** Stories into the ledger, by its own commands: a step of each at a time, so that every commit takes many. */
import { errorCatalogue } from '../../src/core/error.ts'
import type { Ledger, RequestFinish } from '../../src/ports/ledger.ts'
import { DAY_US } from './calendar.ts'
import type { Sequel, Story } from './story.ts'

/** As many commands as the ledger writes in one commit. */
const AT_ONCE = 512
/** Requests between two looks at what happens later. */
const PERIOD = 4_000

export interface Written {
  readonly requests: number
  readonly attempts: number
  /** Turned away by a hard budget: nothing of them is in the ledger. */
  readonly refusedByBudget: number
  readonly ratings: number
  readonly reconciled: number
}

export interface WriteOptions {
  readonly ledger: Ledger
  /** In order of time. */
  readonly stories: AsyncIterator<Story>
  /** Everything of the days before this instant is written. */
  readonly onDay: (atUs: number) => Promise<void>
}

export async function writeStories(options: WriteOptions): Promise<Written> {
  const writer = new StoryWriter(options)
  await writer.run()
  return writer.written
}

interface Running {
  readonly story: Story
  next: number
}

class StoryWriter {
  readonly written = { requests: 0, attempts: 0, refusedByBudget: 0, ratings: 0, reconciled: 0 }
  readonly #options: WriteOptions
  #ahead: Story[] = []
  #isOver = false
  #running: Running[] = []
  /** Of requests that are written, in the days to come. */
  #sequels: Sequel[] = []
  /** Of the last story that was begun. */
  #dayUs = 0
  #sinceEnd = 0

  constructor(options: WriteOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    await this.#lookAhead()
    for (;;) {
      this.#admit()
      if (this.#running.length === 0) {
        await this.#endPeriod()
        if (this.#ahead.length === 0) return
        continue
      }
      const sent = this.#running.map((running) => this.#send(running))
      // Made while the commit waits for the disk.
      const made = this.#lookAhead()
      const stays = await Promise.all(sent)
      await made
      this.#running = this.#running.filter((_, index) => stays[index])
    }
  }

  async #lookAhead(): Promise<void> {
    while (!this.#isOver && this.#ahead.length < AT_ONCE) {
      const { done, value } = await this.#options.stories.next()
      if (done) this.#isOver = true
      else this.#ahead.push(value)
    }
  }

  /** Whole days, as many as make it worth to wait for their end: what happens afterwards waits until all of it is written. */
  #admit(): void {
    let taken = 0
    for (const story of this.#ahead) {
      const dayUs = Math.floor(story.ask.atUs / DAY_US) * DAY_US
      if (this.#running.length >= AT_ONCE || (dayUs !== this.#dayUs && this.#sinceEnd >= PERIOD)) break
      this.#dayUs = dayUs
      this.#sinceEnd += 1
      this.#running.push({ story, next: 0 })
      taken += 1
    }
    this.#ahead.splice(0, taken)
  }

  /** The story's next command; false when it has no other. */
  async #send(running: Running): Promise<boolean> {
    const { ledger } = this.#options
    const { story } = running
    const step = story.steps[running.next]
    running.next += 1
    if (step?.kind === 'reserve') {
      const { kind } = await ledger.reserve(step.command)
      if (kind === 'budget_exceeded') {
        // A request that was begun is ended without another call.
        if (step.command.request === undefined) await this.#giveUp(running)
        else this.written.refusedByBudget += 1
        return false
      }
      if (step.command.request) this.written.requests += 1
      this.written.attempts += 1
    } else if (step?.kind === 'settle') {
      await ledger.settle(step.command)
    }
    if (running.next < story.steps.length) return true
    this.#sequels.push(...story.sequels)
    return false
  }

  /** A later call was refused: what was made until then is what the client got. */
  async #giveUp({ story, next }: Running): Promise<void> {
    const last = story.steps.at(-1)
    if (last?.kind !== 'settle' || !last.command.finish) return
    const { requestId, finish } = last.command
    const { finishedUs, latencyUs = 0 } = finish
    const made = story.steps.slice(0, next).reduce((sum, step) => sum + (step.kind === 'settle' ? step.command.imagesMade : 0), 0)
    const ended: RequestFinish =
      made > 0
        ? { finishedUs, latencyUs, outcome: 'partial', httpStatus: 200, imagesReturned: made, warnings: [] }
        : {
            finishedUs,
            latencyUs,
            outcome: 'error',
            httpStatus: errorCatalogue.insufficient_quota.status,
            imagesReturned: 0,
            errorCode: 'insufficient_quota',
            errorMessage: 'A hard budget left no room for another call.',
            warnings: [],
          }
    await this.#options.ledger.finishRequest({ requestId, finish: ended })
  }

  async #endPeriod(): Promise<void> {
    const endUs = this.#ahead.length === 0 ? Number.POSITIVE_INFINITY : this.#dayUs + DAY_US
    const { ledger, onDay } = this.#options
    const due = this.#sequels.filter(({ atUs }) => atUs < endUs).toSorted((one, other) => one.atUs - other.atUs)
    this.#sequels = this.#sequels.filter(({ atUs }) => atUs >= endUs)
    await Promise.all(
      due.map(async (sequel) => {
        if (sequel.kind === 'rate') {
          await ledger.feedback.rate(sequel.command)
          this.written.ratings += 1
        } else if (sequel.kind === 'repeat') {
          await ledger.countRepeat(sequel)
        } else {
          await ledger.reconcile(sequel.command)
          this.written.reconciled += 1
        }
      }),
    )
    await onDay(endUs)
    this.#sinceEnd = 0
  }
}
