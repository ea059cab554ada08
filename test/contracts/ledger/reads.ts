import { expect, test } from 'vitest'
import { charge, newAsset, newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

export function readRules(opened: () => OpenedLedger): void {
  test('pages run from the newest to the oldest without gap or repeat, also within a filter', async () => {
    const { ledger, owner } = opened()
    const reserves = Array.from({ length: 25 }, (_, index) =>
      newReserve(owner, { request: { keyId: index % 2 ? 'key-odd' : 'key-even', projectId: 'pages' } }),
    )
    for (const reserve of reserves) await ledger.reserve(reserve)
    const walk = async (filter: { projectId?: string; keyId?: string }) => {
      const seen: string[] = []
      let cursor: string | undefined
      for (;;) {
        const page = await ledger.read.requests({ limit: 10, ...filter, ...(cursor !== undefined && { cursor }) })
        seen.push(...page.rows.map((row) => row.id))
        if (page.nextCursor === null) return seen
        cursor = page.nextCursor
      }
    }
    const ids = reserves.map((reserve) => reserve.request.id).reverse()
    expect(await walk({ projectId: 'pages' })).toEqual(ids)
    expect(await walk({ projectId: 'pages', keyId: 'key-odd' })).toHaveLength(12)
    expect((await ledger.read.requests({ limit: 10, keyId: 'nobody' })).rows).toEqual([])
  })

  test('lists can be narrowed to an outcome and show who asked', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner, {
      request: { projectId: 'outcomes', endCustomer: 'c-1', group: 'g-1', tags: { campaign: 'summer' } },
    })
    await ledger.reserve(reserve)
    const finish = newFinish({ outcome: 'refused', httpStatus: 400, errorCode: 'content_refused', errorMessage: 'no' })
    await ledger.settle(newSettle(reserve, { outcome: 'refused', finish, imagesMade: 0 }))
    const { rows } = await ledger.read.requests({ limit: 5, projectId: 'outcomes', outcomes: ['refused'] })
    expect(rows).toMatchObject([
      { endCustomer: 'c-1', group: 'g-1', tags: { campaign: 'summer' }, errorCode: 'content_refused', errorMessage: 'no' },
    ])
    expect((await ledger.read.requests({ limit: 5, projectId: 'outcomes', outcomes: ['timeout'] })).rows).toEqual([])
  })

  test('what attempts taught about an offer is summed by its class of requests, with its latencies', async () => {
    const { ledger, owner } = opened()
    const offer = 'acme:acme/taught'
    for (const outcome of ['succeeded', 'succeeded', 'refused'] as const) {
      const reserve = newReserve(owner, { attempt: { offer }, request: { projectId: 'taught' } })
      await ledger.reserve(reserve)
      const isRefused = outcome === 'refused'
      await ledger.settle(
        newSettle(reserve, { outcome, imagesMade: isRefused ? 0 : 1, durationUs: 2_000_000, ...(isRefused && { charges: [] }) }),
      )
    }
    const { attempts, latencies } = await ledger.read.experience(0)
    const taught = attempts.filter((row) => row.offer === offer && row.attempts > 0)
    expect(taught.map(({ outcome, attempts: count }) => [outcome, count]).sort()).toEqual([
      ['refused', 1],
      ['succeeded', 2],
    ])
    expect(taught.find(({ outcome }) => outcome === 'refused')?.costNanoUsd).toBe(0n)
    expect(taught.find(({ outcome }) => outcome === 'succeeded')?.costNanoUsd).toBeGreaterThan(0n)
    expect(taught[0]).toMatchObject({ operation: 'generate', sizeClass: expect.any(String), promptClass: expect.any(String) })
    const timed = latencies.filter((row) => row.offer === offer)
    expect(timed.reduce((sum, row) => sum + row.attempts, 0)).toBe(3)
    expect((await ledger.read.experience(T0 * 2)).attempts).toEqual([])
  })

  test('an attempt that is of another class than its request teaches what it was, whatever becomes of it later', async () => {
    const { ledger, owner } = opened()
    const offer = 'acme:acme/step'
    const own = { operation: 'upscale', sizeClass: '2k', quality: '' } as const
    const made = async (outcome: 'succeeded' | 'refused') => {
      const reserve = newReserve(owner, { attempt: { offer, class: own }, request: { projectId: 'steps', quality: 'high' } })
      await ledger.reserve(reserve)
      await ledger.settle(newSettle(reserve, { outcome, imagesMade: 1, durationUs: 1_000_000 }))
      return reserve
    }
    const reserve = await made('succeeded')
    await made('refused')
    const unknown = newReserve(owner, { attempt: { offer, class: own }, request: { projectId: 'steps', quality: 'high' } })
    await ledger.reserve(unknown)
    await ledger.settle(newSettle(unknown, { state: 'unknown', outcome: 'unknown', imagesMade: 0, charges: [] }))
    await ledger.reconcile({
      attemptId: unknown.attempt.id,
      evidenceId: 'e-1',
      source: 'invoice',
      atUs: T0 + 1,
      outcome: 'succeeded',
      charges: newSettle(unknown).charges,
      assets: [],
      imagesMade: 1,
    })
    const [image] = await ledger.feedback.rate({
      subject: { requestId: reserve.request.id },
      keyId: 'key-1',
      signal: 'explicit',
      verdict: 'reject',
      atUs: T0,
    })
    expect(image).toMatchObject({ offer, ...own })
    const { attempts, latencies } = await ledger.read.experience(0)
    const taught = attempts.filter((row) => row.offer === offer && row.attempts !== 0)
    expect(
      taught.map((row) => [row.outcome, row.operation, row.sizeClass, row.quality, row.attempts, row.rejected]).sort(),
    ).toEqual([
      ['refused', 'upscale', '2k', '', 1, 0],
      ['succeeded', 'upscale', '2k', '', 2, 1],
    ])
    expect(attempts.filter((row) => row.offer === offer && row.operation === 'generate' && row.costNanoUsd !== 0n)).toEqual([])
    expect(new Set(latencies.filter((row) => row.offer === offer).map(({ quality }) => quality))).toEqual(new Set(['']))
  })

  test('an asset is found by its id with its owner and lineage', async () => {
    const { ledger, owner } = opened()
    const input = newAsset({ role: 'image', sha256: '1'.repeat(64) })
    const output = newAsset({ sha256: '2'.repeat(64), parentId: input.id, revisedPrompt: 'a fox', seed: 2 ** 40 })
    const reserve = newReserve(owner, { request: { inputs: [input], projectId: 'lineage' } })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve, { assets: [output] }))
    expect(await ledger.read.asset(output.id)).toMatchObject({
      parentId: input.id,
      projectId: 'lineage',
      attemptId: reserve.attempt.id,
      revisedPrompt: 'a fox',
      seed: 2 ** 40,
    })
    expect(await ledger.read.asset(input.id)).toMatchObject({ attemptId: null, role: 'image' })
    expect(await ledger.read.asset('no-such')).toBeUndefined()
  })

  test('totals and month to date are the sums of what was posted', async () => {
    const { ledger, owner } = opened()
    const before = await ledger.read.totals({ sandbox: false })
    const offer = 'acme:acme/totals'
    const [known, unknown, open] = [1, 2, 3].map(() => newReserve(owner, { attempt: { offer }, holdNanoUsd: 9n }))
    for (const reserve of [known, unknown, open]) await ledger.reserve(reserve!)
    await ledger.settle(newSettle(known!, { charges: [charge(4n), charge(1n, { provenance: 'reported' })] }))
    await ledger.settle(newSettle(unknown!, { state: 'unknown', charges: [], imagesMade: 0 }))
    const after = await ledger.read.totals({ sandbox: false })
    expect(after.requests - before.requests).toBe(3)
    expect(after.images - before.images).toBe(1)
    expect(after.costNanoUsd - before.costNanoUsd).toBe(14n)
    expect(after.heldNanoUsd - before.heldNanoUsd).toBe(9n)
    expect(after.unknownNanoUsd - before.unknownNanoUsd).toBe(9n)
    expect(after.byProvenance.reported - before.byProvenance.reported).toBe(1n)
    expect(after.attemptsByState.dispatched - before.attemptsByState.dispatched).toBe(1)
    expect(await ledger.read.totals({ sandbox: false, sinceUs: T0 + 10_000_000 })).toMatchObject({ requests: 0, costNanoUsd: 0n })
    const { heldNanoUsd, requests } = await ledger.read.running({ sandbox: false })
    expect(heldNanoUsd).toBe(after.heldNanoUsd)
    expect(requests).toBeGreaterThan(0)
    expect(await ledger.read.running({ sandbox: false, projectId: 'nobody' })).toEqual({ requests: 0, heldNanoUsd: 0n })
    const month = await ledger.read.monthToDate(T0)
    expect(month.find((row) => row.offer === offer)).toEqual({ offer, images: 1, costNanoUsd: 14n })
    expect(await ledger.read.monthToDate(Date.UTC(2027, 0, 1) * 1000)).toEqual([])
  })

  test('tries say how attempts ended and what they were charged, of everybody or of one key', async () => {
    const { ledger, owner } = opened()
    const offer = 'acme:acme/tries'
    const paid = async (keyId: string, outcome: 'succeeded' | 'refused', cost: bigint) => {
      const reserve = newReserve(owner, { attempt: { offer }, request: { keyId, quality: 'high' } })
      await ledger.reserve(reserve)
      const imagesMade = outcome === 'succeeded' ? 1 : 0
      await ledger.settle(newSettle(reserve, { outcome, imagesMade, charges: [charge(cost)], durationUs: 1000 }))
    }
    await paid('key-a', 'succeeded', 5n)
    await paid('key-a', 'succeeded', 6n)
    await paid('key-b', 'refused', 2n)
    const own = async (query: { sinceUs: number; keyId?: string }) =>
      (await ledger.read.tries({ sandbox: false, ...query })).filter((row) => row.offer === offer)
    const good = { offer, quality: 'high', outcome: 'succeeded', attempts: 2, images: 2, costNanoUsd: 11n, durationUs: 2000 }
    const bad = { offer, quality: 'high', outcome: 'refused', attempts: 1, images: 0, costNanoUsd: 2n, durationUs: 1000 }
    expect(await own({ sinceUs: T0 })).toEqual([bad, good])
    expect(await own({ sinceUs: T0, keyId: 'key-b' })).toEqual([bad])
    expect(await own({ sinceUs: T0 + 2 * 3_600_000_000 })).toEqual([])
    expect(await ledger.read.tries({ sinceUs: T0, sandbox: true })).not.toContainEqual(good)
  })

  test('declared tags have sums of their own, by value; other tags stay on the request', async () => {
    const { ledger, owner, harness } = opened()
    for (const [campaign, cost] of [
      ["sum'mer", 5n],
      ["sum'mer", 6n],
      ['winter', 7n],
    ] as const) {
      const reserve = newReserve(owner, { request: { projectId: 'tags', tags: { campaign, other: 'x' } } })
      await ledger.reserve(reserve)
      await ledger.settle(newSettle(reserve, { charges: [charge(cost)] }))
    }
    expect(
      await harness.query(
        "SELECT tag_key, tag_value, requests, attempts, images, cost_nano_usd FROM rollup_tags WHERE project_id = 'tags' ORDER BY 2",
      ),
    ).toEqual([
      { tag_key: 'campaign', tag_value: "sum'mer", requests: 2n, attempts: 2n, images: 2n, cost_nano_usd: 11n },
      { tag_key: 'campaign', tag_value: 'winter', requests: 1n, attempts: 1n, images: 1n, cost_nano_usd: 7n },
    ])
  })

  test('latency is counted once per settled attempt', async () => {
    const { ledger, owner, harness } = opened()
    const offer = 'acme:acme/latency'
    for (const durationUs of [1_000_000, 1_001_000, 9_000_000]) {
      const reserve = newReserve(owner, { attempt: { offer } })
      await ledger.reserve(reserve)
      await ledger.settle(newSettle(reserve, { durationUs }))
      await ledger.settle(newSettle(reserve, { durationUs }))
    }
    const rows = await harness.query(`SELECT bucket, attempts FROM rollup_latency WHERE offer = '${offer}' ORDER BY bucket`)
    expect(rows.map((row) => row['attempts'])).toEqual([2n, 1n])
  })

  test('counters tell how many commands shared a commit', async () => {
    const { ledger, owner } = opened()
    const before = ledger.stats()
    await Promise.all(Array.from({ length: 100 }, () => ledger.reserve(newReserve(owner))))
    const after = ledger.stats()
    expect(after.commands - before.commands).toBe(100)
    expect(after.commits - before.commits).toBeLessThan(10)
    expect(after.queuedCommands).toBe(0)
  })
}
