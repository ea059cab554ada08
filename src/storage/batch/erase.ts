/** Deletes prompts, parameters, answers and images of requests. Rows of money, attempts and counts are not touched. */
import type { EraseCommand, Erased, ErasureSubject } from '../../ports/ledger-erasure.ts'
import { cubes } from '../migrations/insight-cubes.ts'
import type { Tx } from '../tx.ts'
import { releaseAssets } from './assets.ts'
import { type AuditContext, writeAudit } from './audit.ts'

const PAGE = 500
/** The column of the sums by end customer that holds the name. */
const CUSTOMER = `d${cubes.end_customer.indexOf('end_customer') + 1}`

export async function erase(tx: Tx, context: AuditContext, command: EraseCommand): Promise<Erased> {
  const { subject, what, atUs, after = '' } = command
  const [condition, parameters] = conditionOf(subject)
  const found = await tx.all(
    `SELECT id, finished_us FROM requests WHERE ${condition} AND id > ? ORDER BY id LIMIT ? FOR UPDATE`,
    [...parameters, after, PAGE],
  )
  const ids = found.filter((row) => row['finished_us'] !== null).map((row) => String(row['id']))
  const images = what === 'prompts' ? 0 : await eraseImages(tx, ids, atUs)
  if (what !== 'images') await eraseTexts(tx, ids)
  const last = found.length < PAGE ? null : String(found.at(-1)?.['id'])
  if ('endCustomer' in subject && what === 'all' && last === null) await rename(tx, subject)
  if (after === '') {
    // Who was deleted must not stay in the log; a request's id says nothing about anybody.
    const named = 'endCustomer' in subject ? { end_customer: subject.pseudonym } : { ...subject }
    const objectId = 'endCustomer' in subject ? subject.pseudonym : 'requestId' in subject ? subject.requestId : subject.projectId
    await writeAudit(tx, context, { actor: 'api', action: 'content.delete', objectId, data: { what, ...named } })
  }
  return { requests: ids.length, running: found.length - ids.length, images, next: last }
}

function conditionOf(subject: ErasureSubject): readonly [string, readonly (string | number)[]] {
  if ('requestId' in subject) return ['id = ?', [subject.requestId]]
  if ('endCustomer' in subject) return ['end_customer = ?', [subject.endCustomer]]
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
  await tx.run('UPDATE requests SET error_message = NULL WHERE id IN (?...)', [ids])
  await tx.run('UPDATE attempts SET error_message = NULL, resume = NULL WHERE request_id IN (?...)', [ids])
  await tx.run('UPDATE feedback SET reason = NULL WHERE request_id IN (?...)', [ids])
}

/** Sums keep their groups under the new name. */
async function rename(tx: Tx, { endCustomer, pseudonym }: Extract<ErasureSubject, { endCustomer: string }>): Promise<void> {
  await tx.run('UPDATE requests SET end_customer = ? WHERE end_customer = ? AND finished_us IS NOT NULL', [
    pseudonym,
    endCustomer,
  ])
  await tx.run(`UPDATE insight_days SET ${CUSTOMER} = ? WHERE cube = 'end_customer' AND ${CUSTOMER} = ?`, [
    pseudonym,
    endCustomer,
  ])
  await tx.run("UPDATE insight_names SET name = ? WHERE dimension = 'end_customer' AND name = ?", [pseudonym, endCustomer])
}
