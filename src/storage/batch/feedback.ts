/** Words about pictures: the word, its event and its place in the rollups in one commit. */
import { HalftoneError } from '../../core/error.ts'
import type { Operation, SizeClass } from '../../core/request.ts'
import { type FeedbackSignal, type FeedbackWord, ratingOf, type Verdict } from '../../core/routing/learning/feedback.ts'
import type { FeedbackCommand, RatedImage } from '../../ports/ledger.ts'
import type { BatchContext } from '../commands.ts'
import { storableText, toTuple } from '../schema.ts'
import type { Row, Tx } from '../tx.ts'
import { releaseAssets } from './assets.ts'
import { writeAudit } from './audit.ts'
import { type Changes, createChanges, flush, recordEvent } from './changes.ts'
import { attemptOf } from './posting.ts'
import { count } from './rollup.ts'
import { emptyWorld, loadAttempts, type World } from './world.ts'

/** A picture, or what an attempt made and nobody stored. */
interface Target {
  readonly assetId: string | null
  readonly attemptId: string
  /** Pictures it stands for. */
  readonly images: number
}

export async function rate(tx: Tx, context: BatchContext, command: FeedbackCommand): Promise<readonly RatedImage[]> {
  const targets = await targetsOf(tx, command.subject)
  const world = emptyWorld(context)
  // The lock on the attempts puts the words of all nodes about one picture in a row.
  await loadAttempts(
    tx,
    world,
    targets.map(({ attemptId }) => attemptId),
  )
  const changes = createChanges()
  const rated: RatedImage[] = []
  for (const target of targets) rated.push(await rateOne(tx, world, changes, { target, command }))
  await flush(tx, world, changes)
  return rated
}

export async function deleteImage(
  tx: Tx,
  context: BatchContext,
  { assetId, keyId, atUs }: { assetId: string; keyId: string; atUs: number },
): Promise<{ readonly deleted: boolean; readonly rated: readonly RatedImage[] }> {
  const [asset] = await tx.all('SELECT id, sha256, role, parent_id, deleted_us FROM assets WHERE id = ? FOR UPDATE', [assetId])
  if (!asset) throw new HalftoneError('not_found', `There is no image ${assetId}.`, { param: 'id' })
  if (asset['deleted_us'] !== null) return { deleted: false, rated: [] }
  // The file that it was finished from shows the same.
  const originals = await tx.all(
    "SELECT id, sha256, role FROM assets WHERE id = ? AND role = 'original' AND deleted_us IS NULL FOR UPDATE",
    [asset['parent_id'] ?? ''],
  )
  await releaseAssets(tx, [asset, ...originals], atUs)
  const data = { role: String(asset['role']), sha256: String(asset['sha256']) }
  await writeAudit(tx, context, { actor: keyId, action: 'image.delete', objectId: assetId, data })
  if (asset['role'] !== 'output') return { deleted: true, rated: [] }
  const rated = await rate(tx, context, { subject: { assetId }, keyId, signal: 'deleted', verdict: 'reject', atUs })
  return { deleted: true, rated }
}

async function targetsOf(tx: Tx, subject: FeedbackCommand['subject']): Promise<readonly Target[]> {
  if ('assetId' in subject) {
    const rows = await tx.all("SELECT id, attempt_id FROM assets WHERE id = ? AND role = 'output'", [subject.assetId])
    if (rows.length === 0) throw new HalftoneError('not_found', `There is no image ${subject.assetId}.`, { param: 'image_id' })
    return rows.map(toTarget)
  }
  const { requestId } = subject
  const assets = await tx.all("SELECT id, attempt_id FROM assets WHERE request_id = ? AND role = 'output' ORDER BY id", [
    requestId,
  ])
  const stored = new Set(assets.map((row) => row['attempt_id'] ?? null))
  const made = await tx.all(
    'SELECT id, images_made FROM attempts WHERE request_id = ? AND images_made > 0 AND outcome IS NOT NULL ORDER BY id',
    [requestId],
  )
  const unstored = made
    .filter((row) => !stored.has(row['id'] ?? null))
    .map((row) => ({ assetId: null, attemptId: String(row['id']), images: Number(row['images_made']) }))
  const targets = [...assets.map(toTarget), ...unstored]
  if (targets.length > 0) return targets
  const [request] = await tx.all('SELECT id FROM requests WHERE id = ?', [requestId])
  throw request
    ? new HalftoneError('conflict', `Request ${requestId} has made no picture.`, { param: 'request_id' })
    : new HalftoneError('not_found', `There is no request ${requestId}.`, { param: 'request_id' })
}

const toTarget = (row: Row): Target => ({ assetId: String(row['id']), attemptId: String(row['attempt_id']), images: 1 })

async function rateOne(
  tx: Tx,
  world: World,
  changes: Changes,
  { target, command }: { target: Target; command: FeedbackCommand },
): Promise<RatedImage> {
  const { attempt, request } = attemptOf(world, target.attemptId)
  const { signal, verdict, atUs } = command
  const picture = target.assetId ?? target.attemptId
  const id = `${picture}|${signal}|${command.keyId}`
  // Of a picture nobody stored the attempt's own words alone: its siblings have rows of their own.
  const rows = await tx.all(
    'SELECT id, verdict, score, signal, created_us, reason FROM feedback WHERE request_id = ? AND id >= ? AND id < ?',
    [request.id, `${picture}|`, `${picture}}`],
  )
  const before = ratingOf(rows.map(toWord))
  const row = toTuple('feedback', {
    id,
    request_id: request.id,
    asset_id: target.assetId,
    verdict,
    score: command.score === undefined ? null : scoreText(command.score),
    signal,
    created_us: atUs,
    reason: storableText(command.reason),
  })
  const known = rows.find((stored) => stored['id'] === id)
  const after = ratingOf([...rows.filter((stored) => stored !== known).map(toWord), wordOf(command)])
  const isRepeat = known !== undefined && isSame(known, command)
  if (!isRepeat) {
    if (known) await tx.run('DELETE FROM feedback WHERE id = ?', [id])
    await tx.insertMany('feedback', [row])
    recordEvent(changes, { attemptId: attempt.id, atUs, kind: 'feedback', data: eventData(target, command) })
    const images = BigInt(target.images)
    // In the row that its cost is in, so that cost and acceptance are of the same pictures.
    const at = {
      request,
      attempt,
      atUs: attempt.settled_us ?? atUs,
      offer: attempt.offer,
      outcome: attempt.outcome ?? '',
      kind: attempt.kind,
    }
    count(world, changes.rollups, at, {
      accepted: images * BigInt(after.accepted - before.accepted),
      rejected: images * BigInt(after.rejected - before.rejected),
    })
  }
  return {
    assetId: target.assetId,
    requestId: request.id,
    attemptId: attempt.id,
    offer: attempt.offer,
    quality: attempt.quality ?? request.quality,
    // Written by this code from the same unions.
    operation: (attempt.operation ?? request.operation) as Operation,
    sizeClass: (attempt.size_class ?? request.size_class) as SizeClass,
    promptClass: request.prompt_class,
    before,
    after: isRepeat ? before : after,
  }
}

const toWord = (row: Row): FeedbackWord => ({
  signal: row['signal'] as FeedbackSignal,
  verdict: row['verdict'] as Verdict,
  ...(typeof row['score'] === 'string' && { score: Math.round(Number(row['score']) * 1_000) }),
  atUs: Number(row['created_us']),
})

const wordOf = ({ signal, verdict, score, atUs }: FeedbackCommand): FeedbackWord => ({
  signal,
  verdict,
  ...(score !== undefined && { score }),
  atUs,
})

const scoreText = (thousandths: number): string => String(thousandths / 1_000)

const isSame = (row: Row, { verdict, score, reason }: FeedbackCommand): boolean =>
  row['verdict'] === verdict &&
  row['score'] === (score === undefined ? null : scoreText(score)) &&
  row['reason'] === storableText(reason)

/** Without the reason: events stay when somebody asks for words of people to be deleted. */
const eventData = ({ assetId }: Target, { keyId, signal, verdict, score }: FeedbackCommand): string =>
  JSON.stringify({ assetId, keyId, signal, verdict, ...(score !== undefined && { score: scoreText(score) }) })
