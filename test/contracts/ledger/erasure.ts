import { expect, test } from 'vitest'
import { charge, newAsset, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'
import { expectConsistent } from './invariants.ts'

const SECRET = 'a very private wish'

export function erasureRules(opened: () => OpenedLedger): void {
  const span = { sandbox: false, fromUs: T0 - 86_400_000_000, toUs: T0 + 86_400_000_000, grain: 'none' as const }
  const made = async (request: Parameters<typeof newReserve>[1] = {}) => {
    const { ledger, owner } = opened()
    const content = { prompt: SECRET, promptHmac: null, parameters: { negativePrompt: SECRET }, features: { words: 4 } }
    const reserve = newReserve(owner, { ...request, request: { content, ...request.request } })
    await ledger.reserve(reserve)
    const sha256 = reserve.request.id.replaceAll('-', '').padEnd(64, '0')
    await ledger.settle(newSettle(reserve, { assets: [newAsset({ sha256, revisedPrompt: SECRET })], errorMessage: SECRET }))
    return { id: reserve.request.id, sha256 }
  }
  const erase = (
    subject: Parameters<OpenedLedger['ledger']['erasure']['erase']>[0]['subject'],
    what: 'all' | 'prompts' | 'images' = 'all',
  ) => opened().ledger.erasure.erase({ subject, what, atUs: T0 })
  const money = () =>
    opened().harness.query(
      'SELECT (SELECT count(*) FROM charges) AS charges, (SELECT sum(amount_nano_usd) FROM charges) AS cost, (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM requests) AS requests',
    )
  const whole = async () => {
    const texts: string[] = []
    const tables = [
      'requests',
      'request_content',
      'attempts',
      'attempt_events',
      'assets',
      'feedback',
      'insight_days',
      'insight_names',
      'insight_labels',
      'insight_label_tags',
      'audit',
    ]
    for (const table of tables)
      for (const row of await opened().harness.query(`SELECT * FROM ${table}`)) texts.push(...Object.values(row).map(String))
    return texts
  }

  test('a request loses its texts and images, and keeps its money', async () => {
    const { id, sha256 } = await made()
    const word = { signal: 'explicit', verdict: 'reject', reason: SECRET } as const
    await opened().ledger.feedback.rate({ subject: { requestId: id }, keyId: 'key-1', atUs: T0, ...word })
    const before = await money()
    expect(await erase({ requestId: id })).toEqual({ requests: 1, running: 0, images: 1, next: null })
    expect(await money()).toEqual(before)
    const record = await opened().ledger.read.request(id)
    expect(record).toMatchObject({ prompt: null, parameters: {}, response: null, errorMessage: null, costNanoUsd: 40_000_000n })
    expect(record?.attemptRows[0]?.errorMessage).toBeNull()
    expect((await whole()).filter((text) => text.includes(SECRET) || text === `fingerprint-${id}`)).toEqual([])
    const { deletedBlobs } = await opened().ledger.sweep({ nowUs: T0, limit: 100 })
    expect(deletedBlobs).toContain(sha256)
    await expectConsistent(opened().harness)
  })

  test('prompts or images go alone', async () => {
    const { id } = await made()
    await erase({ requestId: id }, 'images')
    expect(await opened().ledger.read.request(id)).toMatchObject({ prompt: SECRET, images: [{ expired: true }] })
    const other = await made()
    await erase({ requestId: other.id }, 'prompts')
    expect(await opened().ledger.read.request(other.id)).toMatchObject({ prompt: null, images: [{ expired: false }] })
  })

  test('an end customer is gone, name included, and sums keep their groups under another name', async () => {
    const customer = 'ann@example.com'
    await made({ request: { endCustomer: customer } })
    await made({ request: { endCustomer: customer } })
    const kept = await made({ request: { endCustomer: 'bob@example.com' } })
    const byCustomer = async () =>
      (await opened().ledger.insight.sums({ ...span, dimensions: ['end_customer'], namedOnly: true }))?.cells.map(
        ({ values, sums }) => [values.end_customer, sums.costNanoUsd],
      )
    const before = await money()
    expect(await erase({ endCustomer: customer, pseudonym: 'deleted-1' })).toMatchObject({ requests: 2, images: 2 })
    expect((await whole()).filter((text) => text.includes(customer))).toEqual([])
    expect(await byCustomer()).toEqual(
      expect.arrayContaining([
        ['deleted-1', 80_000_000n],
        ['bob@example.com', 40_000_000n],
      ]),
    )
    expect(await money()).toEqual(before)
    expect((await opened().ledger.read.request(kept.id))?.prompt).toBe(SECRET)
    await expectConsistent(opened().harness)
  })

  const sumsBy = async (dimension: 'group' | 'tag:campaign' | 'tag:sku') => {
    const { ledger } = opened()
    const stored = (await ledger.insight.sums({ ...span, dimensions: [dimension], namedOnly: true }))?.cells.map(
      ({ values, sums }) => [values[dimension], sums.costNanoUsd] as const,
    )
    const scanned = new Map<string, bigint>()
    for await (const { facts } of ledger.insight.fine({ ...span, dimensions: [dimension], wants: 'sums' }))
      for (const { values, sums } of facts) {
        const name = values[dimension] ?? ''
        if (name !== '') scanned.set(name, (scanned.get(name) ?? 0n) + sums.costNanoUsd)
      }
    return { stored: new Map(stored ?? []), scanned }
  }
  const PERSON = 'Ann "the \\ painter" %_'

  test('a value of a tag is gone from requests and sums, which stay under another name; others keep theirs', async () => {
    const { ledger } = opened()
    const reserve = newReserve(opened().owner, { request: { tags: { campaign: PERSON, sku: '1' } } })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve))
    await made({ request: { tags: { campaign: PERSON, sku: PERSON } } })
    const kept = await made({ request: { tags: { campaign: PERSON.toLowerCase(), sku: '1' } } })
    const before = await money()
    const tag = { key: 'campaign', value: PERSON }
    expect(await erase({ tag, pseudonym: 'deleted-tag' })).toMatchObject({ requests: 2, images: 1, next: null })
    expect((await ledger.read.request(reserve.request.id))?.tags).toEqual({ campaign: 'deleted-tag', sku: '1' })
    expect(await ledger.read.request(kept.id)).toMatchObject({ prompt: SECRET, tags: { campaign: PERSON.toLowerCase() } })
    const { stored, scanned } = await sumsBy('tag:campaign')
    expect(stored.get('deleted-tag')).toBe(80_000_000n)
    expect(stored.has(PERSON)).toBe(false)
    expect(scanned).toEqual(stored)
    const [hours] = await opened().harness.query(
      "SELECT CAST(sum(cost_nano_usd) AS TEXT) AS cost FROM rollup_tags WHERE tag_key = 'campaign' AND tag_value = 'deleted-tag'",
    )
    expect(hours?.['cost']).toBe('80000000')
    expect(await money()).toEqual(before)
    // The other tag of the same text is another thing.
    expect((await whole()).filter((text) => text.includes(JSON.stringify(PERSON)))).toHaveLength(1)
    // What is corrected afterwards finds its sums.
    const evidence = { source: 'invoice', outcome: 'succeeded', assets: [], imagesMade: 1 } as const
    await ledger.reconcile({ ...evidence, attemptId: reserve.attempt.id, atUs: T0, evidenceId: 'e', charges: [charge(7n)] })
    expect((await sumsBy('tag:campaign')).stored.get('deleted-tag')).toBe(40_000_007n)
    await expectConsistent(opened().harness)
  })

  test('a correction between two pages of a deletion adds to the name that is to come', async () => {
    const { ledger, harness } = opened()
    const reserve = newReserve(opened().owner, { request: { tags: { campaign: 'cut-off' } } })
    await ledger.reserve(reserve)
    await ledger.settle(newSettle(reserve))
    const later = newReserve(opened().owner, { request: { tags: { campaign: 'cut-off' } } })
    await ledger.reserve(later)
    await ledger.settle(newSettle(later))
    // As the first page would leave it: requests renamed, sums not.
    await harness.query(`UPDATE requests SET tags = '{"campaign":"deleted-late"}' WHERE id = '${reserve.request.id}'`)
    await harness.query(
      "INSERT INTO insight_names SELECT dimension, sandbox, day_us, 'deleted-late' FROM insight_names WHERE dimension = 'tag:campaign' AND name = 'cut-off'",
    )
    const evidence = { source: 'invoice', outcome: 'succeeded', assets: [], imagesMade: 1 } as const
    await ledger.reconcile({ ...evidence, attemptId: reserve.attempt.id, atUs: T0, evidenceId: 'f', charges: [charge(9n)] })
    await ledger.erasure.erase({
      subject: { tag: { key: 'campaign', value: 'cut-off' }, pseudonym: 'deleted-late' },
      what: 'all',
      atUs: T0,
      after: reserve.request.id,
    })
    const { stored, scanned } = await sumsBy('tag:campaign')
    expect(stored.get('deleted-late')).toBe(40_000_009n)
    expect(scanned.get('deleted-late')).toBe(40_000_009n)
    await expectConsistent(harness)
  })

  test('a group is gone, in the decision too', async () => {
    const decision = { consistency: { because: 'group', group: 'anns-wedding', role: 'first' } }
    const { id } = await made({ request: { group: 'anns-wedding', decision, projectId: 'project-1' } })
    await opened().ledger.admin.putProject({
      id: 'project-1',
      name: 'P',
      promptMode: 'full',
      assetTtlDays: 30,
      tags: {},
      managedBy: 'api',
    })
    expect(await erase({ group: 'anns-wedding', pseudonym: 'deleted-group' })).toMatchObject({ requests: 1 })
    expect(await opened().ledger.read.request(id)).toMatchObject({
      group: 'deleted-group',
      prompt: null,
      decision: { consistency: { group: 'deleted-group', role: 'first' } },
    })
    expect((await whole()).filter((text) => text.includes('anns-wedding'))).toEqual([])
    const { stored, scanned } = await sumsBy('group')
    expect([stored.get('deleted-group'), scanned.get('deleted-group')]).toEqual([40_000_000n, 40_000_000n])
    await expectConsistent(opened().harness)
  })

  test('who comes back after a deletion is counted under the own name again, and what was before stays under the other', async () => {
    const request = { endCustomer: 'carl', tags: { campaign: 'again' } }
    await made({ request })
    await erase({ endCustomer: 'carl', pseudonym: 'deleted-carl' })
    await made({ request })
    const costs = new Map<string, bigint>()
    const query = { ...span, dimensions: ['end_customer', 'tag:campaign'], wants: 'sums' } as const
    for await (const { facts } of opened().ledger.insight.fine(query))
      for (const { values, sums } of facts) costs.set(`${values.end_customer} ${values['tag:campaign']}`, sums.costNanoUsd)
    expect([costs.get('carl again'), costs.get('deleted-carl again')]).toEqual([40_000_000n, 40_000_000n])
  })

  test('a project loses what was made before an instant', async () => {
    const old = await made({ request: { projectId: 'p-9', createdUs: T0 - 10 } })
    const young = await made({ request: { projectId: 'p-9', createdUs: T0 + 10 } })
    expect(await erase({ projectId: 'p-9', beforeUs: T0 })).toMatchObject({ requests: 1 })
    expect((await opened().ledger.read.request(old.id))?.prompt).toBeNull()
    expect((await opened().ledger.read.request(young.id))?.prompt).toBe(SECRET)
  })

  test('what still runs is left, and said', async () => {
    const reserve = newReserve(opened().owner, { request: { endCustomer: 'runner' } })
    await opened().ledger.reserve(reserve)
    expect(await erase({ endCustomer: 'runner', pseudonym: 'deleted-2' })).toMatchObject({ requests: 0, running: 1 })
  })

  test('every deletion leaves a row in the audit log', async () => {
    const rows = await opened().harness.query("SELECT object_id FROM audit WHERE action = 'content.delete'")
    expect(rows.map((row) => row['object_id'])).toEqual(expect.arrayContaining(['deleted-1', 'deleted-2', 'p-9']))
  })
}
