import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { ledgerContract } from '../contracts/ledger.ts'
import { T0 } from '../support/ledger-rows.ts'

ledgerContract('SQLite', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'halftone-ledger-'))
  const clock = { nowUs: T0 }
  return {
    clock,
    manyNodes: false,
    open: () => openSqliteLedger({ dataDir, now: () => clock.nowUs, declaredTags: ['campaign'] }),
    query: async (sql) => {
      const db = new DatabaseSync(join(dataDir, 'ledger.db'), { timeout: 5000 })
      try {
        const statement = db.prepare(sql)
        statement.setReadBigInts(true)
        return statement.all().map((row) => ({ ...row }))
      } finally {
        db.close()
      }
    },
    expireLease: async () => {
      clock.nowUs += 120_000_000
    },
    dispose: () => rm(dataDir, { recursive: true, force: true }),
  }
})
