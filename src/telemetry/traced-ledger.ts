/** The two durable commits of a call as parts of its trace. */
import type { Ledger } from '../ports/ledger.ts'
import type { Tracer } from '../ports/tracer.ts'

/** `ledger` must be a plain object, as the stores are: its members do not need `this`. */
export const traceLedger = (ledger: Ledger, tracer: Tracer): Ledger => ({
  ...ledger,
  reserve: (command) =>
    tracer.part('ledger reserve', { attributes: { 'halftone.attempt.id': command.attempt.id } }, async (part) => {
      const result = await ledger.reserve(command)
      if (result.kind !== 'reserved') part.set({ 'halftone.reserve': result.kind })
      return result
    }),
  settle: (command) =>
    tracer.part('ledger settle', { attributes: { 'halftone.attempt.id': command.attemptId } }, () => ledger.settle(command)),
})
