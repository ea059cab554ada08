import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import type { FeedbackCommand } from '../../../src/ports/ledger.ts'
import { newAsset, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

export function feedbackRules(opened: () => OpenedLedger): void {
  /** A request of its own offer, so that its sums stand alone. */
  const made = async (images = 1, stored = true) => {
    const { ledger, owner } = opened()
    const offer = `acme:acme/${uuidv7()}`
    const reserve = newReserve(owner, { attempt: { offer, imagesWanted: images }, request: { n: images } })
    await ledger.reserve(reserve)
    const assets = stored ? Array.from({ length: images }, (_, index) => newAsset({ index, sha256: uuidv7() })) : []
    await ledger.settle(newSettle(reserve, { assets, imagesMade: images }))
    return { offer, requestId: reserve.request.id, assetIds: assets.map(({ id }) => id) }
  }
  const said = (subject: FeedbackCommand['subject'], more: Partial<FeedbackCommand> = {}): FeedbackCommand => ({
    subject,
    keyId: 'key-1',
    signal: 'explicit',
    verdict: 'accept',
    atUs: T0 + 3_000_000,
    ...more,
  })
  const sums = async (offer: string) => {
    const { attempts } = await opened().ledger.read.experience(T0 - 3_600_000_000)
    return attempts
      .filter((row) => row.offer === offer)
      .map(({ accepted, rejected, outcome }) => ({ accepted, rejected, outcome }))
  }
  const words = (requestId: string) =>
    opened().harness.query(`SELECT verdict, signal FROM feedback WHERE request_id = '${requestId}' ORDER BY id`)
  const events = async (requestId: string) => {
    const record = await opened().ledger.read.request(requestId)
    return record?.attemptRows.flatMap((attempt) => attempt.events).filter(({ kind }) => kind === 'feedback') ?? []
  }

  test('a word about a request counts for every picture it made, in the row of its cost, once however often it is said', async () => {
    const { ledger, harness } = opened()
    const { requestId, offer } = await made(3)
    const first = await ledger.feedback.rate(said({ requestId }))
    expect(first.map(({ before, after }) => [before, after])).toEqual(
      Array.from({ length: 3 }, () => [
        { accepted: 0, rejected: 0 },
        { accepted: 1_000, rejected: 0 },
      ]),
    )
    const again = await ledger.feedback.rate(said({ requestId }, { atUs: T0 + 9_000_000 }))
    expect(again.every(({ before, after }) => before === after)).toBe(true)
    expect(await sums(offer)).toEqual([{ accepted: 3, rejected: 0, outcome: 'succeeded' }])
    expect(await events(requestId)).toHaveLength(3)
    await expectConsistent(harness)
  })

  test('the last word of a key stands, with its reason; the earlier one stays as an event without one', async () => {
    const { ledger } = opened()
    const { requestId, offer, assetIds } = await made()
    const subject = { assetId: assetIds[0] ?? '' }
    await ledger.feedback.rate(said(subject, { reason: 'six fingers', verdict: 'reject' }))
    await ledger.feedback.rate(said(subject, { verdict: 'score', score: 250, reason: 'too dark', atUs: T0 + 4_000_000 }))
    expect(await words(requestId)).toEqual([{ verdict: 'score', signal: 'explicit' }])
    expect(await sums(offer)).toEqual([{ accepted: 0.25, rejected: 0.75, outcome: 'succeeded' }])
    const [earlier, last] = (await events(requestId)).map(({ data }) => data)
    expect(earlier).toEqual({ assetId: subject.assetId, keyId: earlier?.['keyId'], signal: 'explicit', verdict: 'reject' })
    expect(last).toMatchObject({ verdict: 'score', score: '0.25', reason: 'too dark' })
    const record = await ledger.read.request(requestId)
    expect(record?.images[0]?.rating).toEqual({ accepted: 250, rejected: 750 })
  })

  test('signals count for less, the strongest alone, and not beside a word', async () => {
    const { ledger } = opened()
    const { offer, assetIds } = await made()
    const subject = { assetId: assetIds[0] ?? '' }
    await ledger.feedback.rate(said(subject, { signal: 'downloaded' }))
    await ledger.feedback.rate(said(subject, { signal: 'edited' }))
    expect(await sums(offer)).toEqual([{ accepted: 0.5, rejected: 0, outcome: 'succeeded' }])
    await ledger.feedback.rate(said(subject, { verdict: 'reject' }))
    await ledger.feedback.rate(said(subject, { signal: 'rerolled', verdict: 'reject', atUs: T0 + 9_000_000 }))
    expect(await sums(offer)).toEqual([{ accepted: 0, rejected: 1, outcome: 'succeeded' }])
  })

  test('what was made and not stored can be rated as a whole', async () => {
    const { ledger } = opened()
    const { offer, requestId } = await made(2, false)
    await ledger.feedback.rate(said({ requestId }, { verdict: 'reject' }))
    expect(await sums(offer)).toEqual([{ accepted: 0, rejected: 2, outcome: 'succeeded' }])
  })

  test('what nobody made cannot be rated', async () => {
    const { ledger, owner } = opened()
    await expect(ledger.feedback.rate(said({ requestId: 'nothing' }))).rejects.toMatchObject({ code: 'not_found' })
    await expect(ledger.feedback.rate(said({ assetId: 'nothing' }))).rejects.toMatchObject({ code: 'not_found' })
    const running = newReserve(owner)
    await ledger.reserve(running)
    await expect(ledger.feedback.rate(said({ requestId: running.request.id }))).rejects.toMatchObject({ code: 'conflict' })
  })

  test('many words at once about one picture leave one rating', async () => {
    const { ledger, harness } = opened()
    const { offer, assetIds } = await made()
    const subject = { assetId: assetIds[0] ?? '' }
    const verdicts = ['accept', 'reject'] as const
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ledger.feedback.rate(
          said(subject, { keyId: `key-${index % 5}`, verdict: verdicts[index % 2] ?? 'accept', atUs: T0 + index }),
        ),
      ),
    )
    expect(await sums(offer)).toEqual([{ accepted: 0, rejected: 1, outcome: 'succeeded' }])
    await expectConsistent(harness)
  })

  test('deleting a picture counts against it, frees its bytes and happens once', async () => {
    const { ledger } = opened()
    const { offer, assetIds, requestId } = await made()
    const [assetId = ''] = assetIds
    const command = { assetId, keyId: 'key-1', atUs: T0 + 5_000_000 }
    expect(await ledger.feedback.deleteImage(command)).toMatchObject({ deleted: true })
    expect(await ledger.feedback.deleteImage(command)).toEqual({ deleted: false, rated: [] })
    expect(await sums(offer)).toEqual([{ accepted: 0, rejected: 0.5, outcome: 'succeeded' }])
    expect((await ledger.read.request(requestId))?.images).toMatchObject([{ expired: true }])
    const { deletedBlobs } = await ledger.sweep({ nowUs: T0, limit: 100 })
    expect(deletedBlobs).toHaveLength(1)
  })

  test('a picture is deleted with the file that it was finished from', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner)
    await ledger.reserve(reserve)
    const original = newAsset({ role: 'original', sha256: uuidv7() })
    const finished = newAsset({ sha256: uuidv7(), parentId: original.id })
    await ledger.settle(newSettle(reserve, { assets: [original, finished] }))
    await ledger.feedback.deleteImage({ assetId: finished.id, keyId: 'key-1', atUs: T0 })
    expect(await ledger.read.asset(original.id)).toMatchObject({ deleted: true })
    const { deletedBlobs } = await ledger.sweep({ nowUs: T0, limit: 100 })
    expect(deletedBlobs).toEqual(expect.arrayContaining([original.sha256, finished.sha256]))
  })

  test('acceptance is summed with the cost of the same pictures', async () => {
    const { ledger, owner } = opened()
    const keyId = uuidv7()
    for (const verdict of ['accept', 'reject', undefined] as const) {
      const reserve = newReserve(owner, { request: { keyId } })
      await ledger.reserve(reserve)
      await ledger.settle(newSettle(reserve, { assets: [newAsset({ sha256: uuidv7() })] }))
      if (verdict) await ledger.feedback.rate(said({ requestId: reserve.request.id }, { verdict }))
    }
    const query = { sinceUs: T0, sandbox: false }
    expect(await ledger.feedback.acceptance({ ...query, keyId })).toEqual({
      images: 3,
      costNanoUsd: 120_000_000n,
      accepted: 1_000,
      rejected: 1_000,
    })
    expect((await ledger.feedback.acceptance({ ...query, sandbox: true, keyId })).images).toBe(0)
  })
}
