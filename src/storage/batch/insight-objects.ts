/** Views and tag rules: insert-only versions, each with its audit row. */
import { HalftoneError } from '../../core/error.ts'
import type { InsightObject, InsightObjectKind, PutInsightObject } from '../../ports/ledger.ts'
import { toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import { type AuditContext, writeAudit } from './audit.ts'

/** What a ledger keeps of one kind; more is no list that anybody reads. */
const MOST_OBJECTS = 500

export async function putInsightObject(tx: Tx, context: AuditContext, command: PutInsightObject): Promise<InsightObject> {
  const { kind, id, document, expectedVersion } = command
  await tx.exclusively(`insight-${kind}`)
  const versions = await versionsOf(tx, kind, id)
  const last = versions.at(-1)
  const standing = last && !last.deleted ? last : undefined
  if (expectedVersion !== undefined && expectedVersion !== standing?.version) {
    throw new HalftoneError(
      'conflict',
      standing ? `"${id}" is at version ${standing.version}, not ${expectedVersion}.` : `There is no "${id}" any more.`,
      { param: 'version' },
    )
  }
  if (!standing) await refuseTooMany(tx, kind)
  const version = (last?.version ?? 0) + 1
  const actor = context.by?.name ?? 'api'
  const row = {
    kind,
    id,
    version,
    created_us: context.nowUs,
    actor,
    deleted: 0,
    document: JSON.stringify(document),
  }
  await tx.insertMany('insight_objects', [toTuple('insight_objects', row)])
  await writeAudit(tx, context, {
    actor: 'api',
    action: `${kind}.${standing ? 'update' : 'create'}`,
    objectId: id,
    data: { version },
    before: standing?.document,
    after: document,
  })
  return {
    id,
    version,
    createdUs: standing ? createdUs(versions) : context.nowUs,
    updatedUs: context.nowUs,
    actor,
    document,
  }
}

/** False: there is none. */
export async function deleteInsightObject(
  tx: Tx,
  context: AuditContext,
  { kind, id }: { kind: InsightObjectKind; id: string },
): Promise<boolean> {
  await tx.exclusively(`insight-${kind}`)
  const last = (await versionsOf(tx, kind, id)).at(-1)
  if (!last || last.deleted) return false
  const row = {
    kind,
    id,
    version: last.version + 1,
    created_us: context.nowUs,
    actor: context.by?.name ?? 'api',
    deleted: 1,
    document: '{}',
  }
  await tx.insertMany('insight_objects', [toTuple('insight_objects', row)])
  await writeAudit(tx, context, {
    actor: 'api',
    action: `${kind}.delete`,
    objectId: id,
    data: { version: last.version + 1 },
    before: last.document,
  })
  return true
}

interface Version {
  readonly version: number
  readonly createdUs: number
  readonly deleted: boolean
  readonly document: Record<string, unknown>
}

const versionsOf = async (tx: Tx, kind: string, id: string): Promise<readonly Version[]> =>
  (await tx.all('SELECT * FROM insight_objects WHERE kind = ? AND id = ? ORDER BY version', [kind, id])).map(toVersion)

const toVersion = (row: Row): Version => ({
  version: Number(row['version']),
  createdUs: Number(row['created_us']),
  deleted: row['deleted'] === 1n,
  document: JSON.parse(String(row['document'])) as Record<string, unknown>,
})

/** Of the first version since it was last deleted. */
const createdUs = (versions: readonly Version[]): number =>
  versions[versions.findLastIndex(({ deleted }) => deleted) + 1]?.createdUs ?? 0

async function refuseTooMany(tx: Tx, kind: string): Promise<void> {
  const [row] = await tx.all(
    `SELECT count(*) AS n FROM insight_objects o WHERE kind = ? AND deleted = 0
       AND version = (SELECT max(version) FROM insight_objects i WHERE i.kind = o.kind AND i.id = o.id)`,
    [kind],
  )
  if (Number(row?.['n'] ?? 0) >= MOST_OBJECTS)
    throw new HalftoneError('conflict', `There are ${MOST_OBJECTS} already; delete one that nobody uses.`)
}
