import { existsSync } from 'node:fs'
import type { Config } from '../../config/index.ts'
import { HalftoneError } from '../../core/error.ts'
import { newSecret } from '../../server/key-ring.ts'
import { systemClock } from '../../system-clock.ts'
import { databaseUrlOf, openLedger } from './open-ledger.ts'

/**
 * Make a new admin key and revoke every other one named `admin` that the gateway made. `keep` stores the secret before any
 * old key stops working. Throws `data_dir_locked` while a gateway runs on SQLite.
 */
export async function replaceAdminKey(config: Config, keep: (secret: string) => Promise<void>): Promise<string> {
  if (databaseUrlOf(config) === undefined && !existsSync(config.storage.dataDir)) {
    throw new HalftoneError(
      'not_found',
      `There is no data folder ${config.storage.dataDir}: the first start makes it, and a key.`,
    )
  }
  const ledger = await openLedger(config)
  try {
    const { secret, hash, prefix } = newSecret()
    const key = { id: `admin-${hash.slice(0, 12)}`, name: 'admin', hash, prefix, role: 'admin', projectId: 'default' } as const
    const old = await ledger.admin.keys()
    await ledger.admin.createKey({ ...key, tags: {}, createdUs: systemClock.nowUs(), managedBy: 'api' })
    await keep(secret)
    for (const { id, name, role, managedBy, revokedUs } of old) {
      if (name === 'admin' && role === 'admin' && managedBy === 'api' && revokedUs === null)
        await ledger.admin.revokeKey(id, systemClock.nowUs())
    }
    return secret
  } finally {
    await ledger.close()
  }
}
