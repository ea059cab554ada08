/**
 * Deletes prompts, parameters, answers and images of requests, and names of people in what requests and sums are kept by. Rows of money,
 * attempts and counts are not touched.
 */
import type { EraseCommand, Erased, ErasureSubject } from '../../ports/ledger-erasure.ts'
import type { Row, Tx } from '../tx.ts'
import { releaseAssets } from './assets.ts'
import { type AuditContext, writeAudit } from './audit.ts'
import { type Label, labelOf, renameInRequests, renameInSums, reserveName } from './erase-labels.ts'

const PAGE = 500
/** Tags have no index: so many requests are looked at per call. */
const SCANNED = 5_000

export async function erase(tx: Tx, context: AuditContext, command: EraseCommand): Promise<Erased> {
  const { subject, what, atUs, after = '' } = command
  const label = what === 'all' ? labelOf(subject) : undefined
  if (label && after === '') await reserveName(tx, label)
  const { found, next } = await pageOf(tx, subject, after)
  const ids = found.filter((row) => row['finished_us'] !== null).map((row) => String(row['id']))
  const images = what === 'prompts' ? 0 : await eraseImages(tx, ids, atUs)
  if (what !== 'images') await eraseTexts(tx, ids)
  if (label) await renameInRequests(tx, label, ids)
  if (label && next === null) await renameInSums(tx, label)
  if (after === '') await auditErasure(tx, context, { subject, what, label: labelOf(subject) })
  return { requests: ids.length, running: found.length - ids.length, images, next }
}

/** The requests of the subject in the next part of the ledger, and where the one after it begins. */
async function pageOf(
  tx: Tx,
  subject: ErasureSubject,
  after: string,
): Promise<{ readonly found: readonly Row[]; readonly next: string | null }> {
  if ('tag' in subject) {
    const { key, value } = subject.tag
    const rows = await tx.all('SELECT id, finished_us, tags FROM requests WHERE id > ? ORDER BY id LIMIT ?', [after, SCANNED])
    const has = (row: Row): boolean => (JSON.parse(String(row['tags'])) as Record<string, unknown>)[key] === value
    return { found: rows.filter(has), next: rows.length < SCANNED ? null : String(rows.at(-1)?.['id']) }
  }
  const [condition, parameters] = conditionOf(subject)
  const found = await tx.all(
    `SELECT id, finished_us FROM requests WHERE ${condition} AND id > ? ORDER BY id LIMIT ? FOR UPDATE`,
    [...parameters, after, PAGE],
  )
  return { found, next: found.length < PAGE ? null : String(found.at(-1)?.['id']) }
}

function conditionOf(subject: Exclude<ErasureSubject, { tag: object }>): readonly [string, readonly (string | number)[]] {
  if ('requestId' in subject) return ['id = ?', [subject.requestId]]
  if ('endCustomer' in subject) return ['end_customer = ?', [subject.endCustomer]]
  // The index of groups begins with the project.
  if ('group' in subject) return ['project_id IN (SELECT id FROM projects) AND request_group = ?', [subject.group]]
  return ['project_id = ? AND created_us < ?', [subject.projectId, subject.beforeUs]]
}

async function eraseImages(tx: Tx, ids: readonly string[], atUs: number): Promise<number> {
  if (ids.length === 0) return 0
  const assets = await tx.all(
    'SELECT id, sha256 FROM assets WHERE request_id IN (?...) AND deleted_us IS NULL ORDER BY id FOR UPDATE',
    [ids],
  )
  await releaseAssets(tx, assets, atUs)
  return assets.length
}

/** Without its content a request has no answer to give again: a repeat of it gets 410. */
async function eraseTexts(tx: Tx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.run('DELETE FROM request_content WHERE request_id IN (?...)', [ids])
  await tx.run('UPDATE assets SET revised_prompt = NULL WHERE request_id IN (?...)', [ids])
  // The fingerprint is a hash of the prompt and of who asked; the id equals no other request.
  await tx.run('UPDATE requests SET error_message = NULL, fingerprint = id, prompt_gate = NULL WHERE id IN (?...)', [ids])
  await tx.run('UPDATE attempts SET error_message = NULL, resume = NULL WHERE request_id IN (?...)', [ids])
  await tx.run('UPDATE feedback SET reason = NULL WHERE request_id IN (?...)', [ids])
}

/** Who was deleted must not stay in the log; a request's id says nothing about anybody. */
async function auditErasure(
  tx: Tx,
  context: AuditContext,
  { subject, what, label }: { subject: ErasureSubject; what: EraseCommand['what']; label: Label | undefined },
): Promise<void> {
  const told = label
    ? {
        objectId: label.pseudonym,
        named: { [label.kind]: label.kind === 'tag' ? `${label.key}=${label.pseudonym}` : label.pseudonym },
      }
    : {
        objectId: 'requestId' in subject ? subject.requestId : 'projectId' in subject ? subject.projectId : '',
        named: { ...subject },
      }
  await writeAudit(tx, context, {
    actor: 'api',
    action: 'content.delete',
    objectId: told.objectId,
    data: { what, ...told.named },
  })
}
