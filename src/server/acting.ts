/** Who is acting: carried beside each request to whatever the ledger writes down about it, so that no route can forget it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Actor } from '../ports/ledger.ts'

export interface Acting {
  /** Everything that `work` starts is done by `actor`. */
  run<T>(actor: Actor, work: () => Promise<T>): Promise<T>
  /** Undefined outside of any request. */
  current(): Actor | undefined
}

export function createActing(): Acting {
  const storage = new AsyncLocalStorage<Actor>()
  return { run: (actor, work) => storage.run(actor, work), current: () => storage.getStore() }
}
