import { expect, test } from 'vitest'
import type { RequestFilter } from '../../../src/ports/ledger.ts'
import { charge, newAsset, newFinish, newReserve, newSettle } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const contentOf = (prompt: string) => ({ prompt, promptHmac: null, parameters: {}, features: {} })

export function findRequestRules(opened: () => OpenedLedger): void {
  const find = async (projectId: string, filter: RequestFilter, scanLimit?: number) => {
    const { ledger } = opened()
    const page = await ledger.read.requests({ limit: 50, projectId, ...filter, ...(scanLimit !== undefined && { scanLimit }) })
    return { ids: page.rows.map((row) => row.id), next: page.nextCursor }
  }

  test('each filter finds what it names and nothing else', async () => {
    const { ledger, owner } = opened()
    const one = newReserve(owner, {
      request: {
        projectId: 'found',
        keyId: 'key-1',
        endCustomer: 'customer-1',
        group: 'group-1',
        model: 'acme/one',
        route: 'thumbs',
        operation: 'edit',
        sizeClass: '4k',
        quality: 'high',
        promptClass: 'logo',
        tags: { campaign: 'summer', note: 'say "hi"' },
      },
      attempt: { offer: 'acme:acme/one', provider: 'acme', model: 'acme/one' },
    })
    const two = newReserve(owner, {
      request: {
        projectId: 'found',
        keyId: 'key-2',
        sizeClass: 'icon',
        quality: '',
        promptClass: 'other',
        tags: { campaign: 'summertime', note: '"campaign":"summer"' },
      },
      attempt: { offer: 'other:other/two', provider: 'other', model: 'other/two' },
    })
    await ledger.reserve(one)
    await ledger.reserve(two)
    await ledger.settle(newSettle(one, { charges: [charge(40_000_000n)], finish: newFinish({ outcome: 'succeeded' }) }))
    const [first, second] = [one.request.id, two.request.id]
    const cases: readonly (readonly [RequestFilter, readonly string[]])[] = [
      [{ keyId: 'key-1' }, [first]],
      [{ outcomes: ['succeeded', 'refused'] }, [first]],
      [{ operations: ['edit'] }, [first]],
      [{ routes: ['thumbs'] }, [first]],
      [{ models: ['acme/one'] }, [first]],
      [{ models: ['other/two', 'acme/one'] }, [second, first]],
      [{ offers: ['other:other/two'] }, [second]],
      [{ providers: ['acme'] }, [first]],
      [{ sizeClasses: ['4k', 'larger'] }, [first]],
      [{ qualities: ['high'] }, [first]],
      [{ qualities: [''] }, [second]],
      [{ promptClasses: ['logo', 'other'] }, [second, first]],
      [{ group: 'group-1' }, [first]],
      [{ endCustomer: 'customer-1' }, [first]],
      [{ tags: [{ key: 'campaign', value: 'summer' }] }, [first]],
      [{ tags: [{ key: 'note', value: 'say "hi"' }] }, [first]],
      [
        {
          tags: [
            { key: 'campaign', value: 'summer' },
            { key: 'note', value: 'no' },
          ],
        },
        [],
      ],
      [{ minCostNanoUsd: 40_000_000n }, [first]],
      [{ maxCostNanoUsd: 39_999_999n }, [second]],
      [{ minCostNanoUsd: 40_000_001n }, []],
      [{ sinceUs: one.request.createdUs, untilUs: one.request.createdUs + 1 }, [first]],
      [{ offers: ['other:other/two'], keyId: 'key-1' }, []],
    ]
    for (const [filter, ids] of cases) {
      const { ids: found } = await find('found', filter)
      const label = JSON.stringify(filter, (_, value) => (typeof value === 'bigint' ? String(value) : (value as unknown)))
      const among = filter.sinceUs === undefined ? found : found.filter((id) => id === first)
      expect(among, label).toEqual(ids)
    }
  })

  test('a search finds ids, tags, groups, customers, and prompts only where they may be searched; wildcards are letters', async () => {
    const { ledger, owner } = opened()
    const reserve = newReserve(owner, {
      request: {
        projectId: 'searched',
        group: 'Winter Set',
        endCustomer: 'c_42',
        tags: { sku: 'A-100%' },
        content: contentOf('A red Fox in 100% snow, \u00c4pfel \\ back'),
      },
    })
    const plain = newReserve(owner, { request: { projectId: 'searched', content: contentOf('a boat') } })
    await ledger.reserve(reserve)
    await ledger.reserve(plain)
    const { id } = reserve.request
    const hits = async (text: string, inPrompts = true) => (await find('searched', { search: { text, inPrompts } })).ids
    for (const text of [
      'red fox',
      'RED FOX',
      '100% snow',
      '\u00c4pfel',
      '\\ back',
      'winter',
      'c_42',
      'a-100%',
      id,
      id.slice(-12),
    ]) {
      expect(await hits(text), text).toEqual([id])
    }
    for (const text of ['r_d fox', '%fox', 'c%42', '100_ snow']) expect(await hits(text), text).toEqual([])
    expect(await hits('red fox', false)).toEqual([])
    expect(await hits('winter', false)).toEqual([id])
  })

  test('a filter that matches nothing looks at a bounded number of requests and says where to go on', async () => {
    const { ledger, owner } = opened()
    const reserves = Array.from({ length: 12 }, (_, index) =>
      newReserve(owner, { request: { projectId: index === 0 ? 'far' : 'near' } }),
    )
    for (const reserve of reserves) await ledger.reserve(reserve)
    const oldest = reserves[0]?.request.id
    const first = await find('far', {}, 5)
    expect(first).toEqual({ ids: [], next: reserves[7]?.request.id })
    const seen: string[] = []
    let cursor: string | null = first.next
    while (cursor !== null && seen.length === 0) {
      const page = await ledger.read.requests({ limit: 50, projectId: 'far', cursor, scanLimit: 5 })
      seen.push(...page.rows.map((row) => row.id))
      cursor = page.nextCursor
    }
    expect(seen).toEqual([oldest])
  })

  test('lineage names who made an input, who was given an output, and no request of another project', async () => {
    const { ledger, owner } = opened()
    const sha256 = 'ab'.repeat(32)
    const maker = newReserve(owner, { request: { projectId: 'family' } })
    await ledger.reserve(maker)
    const made = newAsset({ sha256 })
    await ledger.settle(newSettle(maker, { assets: [made], finish: newFinish({ outcome: 'succeeded' }) }))
    const given = { ...newAsset({ sha256 }), role: 'image' as const }
    const editor = newReserve(owner, { request: { projectId: 'family', operation: 'edit', inputs: [given] } })
    const stranger = newReserve(owner, {
      request: { projectId: 'strangers', operation: 'edit', inputs: [{ ...newAsset({ sha256 }), role: 'image' }] },
    })
    await ledger.reserve(editor)
    await ledger.reserve(stranger)
    expect(await ledger.read.lineage(editor.request.id)).toEqual({
      inputs: [{ assetId: given.id, role: 'image', expired: false, madeBy: { requestId: maker.request.id, assetId: made.id } }],
      usedBy: [],
      replays: 0,
    })
    expect((await ledger.read.lineage(maker.request.id))?.usedBy).toEqual([
      { requestId: editor.request.id, operation: 'edit', assetId: made.id },
    ])
    expect((await ledger.read.lineage(stranger.request.id))?.inputs).toMatchObject([{ madeBy: null }])
    expect(await ledger.read.lineage('nothing')).toBeUndefined()
  })
}
