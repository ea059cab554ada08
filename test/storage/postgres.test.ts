import pg from 'pg'
import { openPostgresLedger } from '../../src/storage/index.ts'
import { ledgerContract } from '../contracts/ledger.ts'
import { T0 } from '../support/ledger-rows.ts'
import { createTestDatabase } from '../support/test-database.ts'

ledgerContract('PostgreSQL', async () => {
  const { url, drop } = await createTestDatabase()
  const clock = { nowUs: T0 }
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const { rows, fields } = await client.query(sql)
      const integers = new Set(fields.filter((field) => field.dataTypeID === 20).map((field) => field.name))
      return rows.map((row: Record<string, unknown>) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            integers.has(name) && value !== null ? BigInt(String(value)) : value,
          ]),
        ),
      )
    } finally {
      await client.end()
    }
  }
  return {
    clock,
    manyNodes: true,
    open: () => openPostgresLedger({ url, now: () => clock.nowUs, declaredTags: ['campaign'] }),
    query,
    expireLease: async (nodeId) => {
      await query(`UPDATE nodes SET lease_until_us = 0 WHERE node_id = '${nodeId}' AND closed_us IS NULL`)
    },
    dispose: drop,
  }
})
