/** Versions of routes made by API. Each leaves an audit row with the document before and after. */
import { HalftoneError } from '../../core/error.ts'
import type { JsonObject } from '../../core/json.ts'
import type { PutRoute, RouteVersion } from '../../ports/ledger.ts'
import { toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import { type AuditContext, writeAudit } from './audit.ts'

/** Two nodes that make the same version meet at its primary key: the batch of the later one is decided again, and refuses. */
export async function putRoute(tx: Tx, context: AuditContext, command: PutRoute): Promise<RouteVersion> {
  const { name, after, document, retired, restores, atUs } = command
  const [newest] = await tx.all('SELECT * FROM route_versions WHERE name = ? ORDER BY version DESC LIMIT 1', [name])
  const standing = Number(newest?.['version'] ?? 0)
  if (standing !== after) {
    throw new HalftoneError(
      'conflict',
      `Route "${name}" is at version ${standing}, not ${after}: somebody changed it meanwhile. Read it again and repeat the change.`,
    )
  }
  const version = standing + 1
  const createdBy = context.by?.name ?? 'api'
  const row = {
    name,
    version,
    document: JSON.stringify(document),
    retired: retired ? 1 : 0,
    restores: restores ?? null,
    created_us: atUs,
    created_by: createdBy,
  }
  await tx.insertMany('route_versions', [toTuple('route_versions', row)])
  const wasLive = newest !== undefined && Number(newest['retired']) === 0
  await writeAudit(tx, context, {
    actor: 'api',
    action: `route.${retired ? 'delete' : restores !== undefined ? 'rollback' : wasLive ? 'update' : 'create'}`,
    objectId: name,
    data: { version, ...(restores !== undefined && { restores }) },
    before: wasLive ? { version: standing, document: documentOf(newest) } : undefined,
    after: retired ? undefined : { version, document },
  })
  return { name, version, document, retired, restores: restores ?? null, createdUs: atUs, createdBy }
}

/** What stands there may have been changed by hand. */
function documentOf(row: Row): JsonObject | string {
  const text = String(row['document'])
  try {
    // Stored as an object; anything else is shown as it is.
    return JSON.parse(text) as JsonObject
  } catch {
    return text
  }
}
