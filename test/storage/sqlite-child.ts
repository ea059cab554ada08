/** A process that reserves as fast as it can and tells its parent each reserve that was acknowledged. It is killed. */
import { HalftoneError } from '../../src/core/error.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { newBudget, newReserve } from '../support/ledger-rows.ts'

const send = (message: object) => process.send?.(message)

try {
  const ledger = await openSqliteLedger({ dataDir: process.argv[2] ?? '', now: () => Date.now() * 1000 })
  const { epoch } = await ledger.openNode({ nodeId: `child-${process.pid}`, leaseMs: 60_000 })
  await ledger.admin.putBudget(newBudget('kill', { limitNanoUsd: 10n ** 15n }))
  const caller = async () => {
    for (;;) {
      const reserve = newReserve({ nodeId: `child-${process.pid}`, epoch }, { budgetIds: ['kill'] })
      await ledger.reserve(reserve)
      send({ reserved: reserve.attempt.id })
    }
  }
  await Promise.all(Array.from({ length: 8 }, caller))
} catch (error) {
  send({ failed: error instanceof HalftoneError ? error.code : String(error) })
}
