/**
 * Group commit: commands that arrive while a batch is being written wait and form the next one. There is no timer; an idle
 * writer takes what one turn of the event loop brought.
 */
import { HalftoneError } from '../core/error.ts'
import type { LedgerStats } from '../ports/ledger.ts'
import type { Command, CommandResult } from './commands.ts'

/** Bounds the time a transaction takes and the memory it needs. */
const MAX_BATCH = 512

interface Waiting {
  readonly command: Command
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export interface Collector {
  /** Resolves with the command's result when it is durable. */
  submit(command: Command): Promise<unknown>
  stats(): LedgerStats
  /** Refuse new commands and wait for those accepted. */
  drain(): Promise<void>
}

export function createCollector(write: (commands: readonly Command[]) => Promise<readonly CommandResult[]>): Collector {
  let queue: Waiting[] = []
  let writing: Promise<void> | undefined
  let closed = false
  let commits = 0
  let written = 0

  async function writeAll(): Promise<void> {
    // One microtask later, so that callers resumed by the same commit land in the same batch.
    await undefined
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH)
      queue = queue.slice(MAX_BATCH)
      await writeOne(batch)
    }
    writing = undefined
  }

  async function writeOne(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await write(batch.map((waiting) => waiting.command))
      commits += 1
      written += batch.length
      for (const [index, waiting] of batch.entries()) deliver(waiting, results[index])
    } catch (cause) {
      const error = cause instanceof HalftoneError ? cause : new HalftoneError('storage_failed', messageOf(cause), { cause })
      for (const waiting of batch) waiting.reject(error)
    }
  }

  return {
    submit: (command) => {
      if (closed) return Promise.reject(new HalftoneError('draining', 'The ledger is closed.'))
      return new Promise((resolve, reject) => {
        queue.push({ command, resolve, reject })
        writing ??= writeAll()
      })
    },
    stats: () => ({ queuedCommands: queue.length, commits, commands: written }),
    drain: async () => {
      closed = true
      await writing
    },
  }
}

function deliver({ resolve, reject }: Waiting, result: CommandResult | undefined): void {
  if (result === undefined) reject(new HalftoneError('storage_failed', 'The ledger lost the result of a command.'))
  else if (result.ok) resolve(result.value)
  else reject(new HalftoneError(result.code, result.message))
}

const messageOf = (cause: unknown): string =>
  `The ledger could not write: ${cause instanceof Error ? cause.message : String(cause)}`
