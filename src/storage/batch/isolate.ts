/** When a batch fails as a whole, find the command at fault: the others must not pay for it. */
import { type ErrorCode, errorCatalogue } from '../../core/error.ts'
import type { Command, CommandResult } from '../commands.ts'

/** Nobody can say whether the transaction was kept: none of its commands may be run again. */
export class UncertainCommit extends Error {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`the database went away during a commit, and it is not known whether it was kept (${reason})`, { cause })
    this.name = 'UncertainCommit'
  }
}

/** Runs the commands in one transaction and returns after it is durable; throws when it was rolled back. */
export type Transaction = (commands: readonly Command[]) => Promise<readonly CommandResult[]>

export async function runIsolated(
  commands: readonly Command[],
  transaction: Transaction,
  toCode: (error: unknown) => ErrorCode,
): Promise<readonly CommandResult[]> {
  try {
    return await transaction(commands)
  } catch (error) {
    if (commands.length === 1 || error instanceof UncertainCommit) return commands.map(() => failure(error, toCode(error)))
  }
  const results: CommandResult[] = []
  for (const command of commands) {
    try {
      results.push(...(await transaction([command])))
    } catch (error) {
      results.push(failure(error, toCode(error)))
    }
  }
  return results
}

const failure = (error: unknown, code: ErrorCode): CommandResult => ({
  ok: false,
  code,
  message: `The ledger could not write: ${error instanceof Error ? error.message : String(error)}. ${errorCatalogue[code].remedy}`,
})
