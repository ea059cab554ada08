import { describe, expect, it } from 'vitest'
import type { AuditEntryWire } from '../../../../src/contract/access.ts'
import { askedOf, auditKinds, changesOf, changeText, isNarrowed, parseAuditSearch } from './select-audit.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const entryOf = (change: Partial<AuditEntryWire>): AuditEntryWire => ({
  id: 'row',
  at: '2026-11-22T12:00:00.000Z',
  actor: 'ann',
  actor_id: null,
  actor_role: null,
  address: null,
  action: 'budget.update',
  object_id: 'b',
  data: {},
  before: null,
  after: null,
  ...change,
})

describe('the audit log', () => {
  it.each<[Record<string, unknown>, object]>([
    [{}, {}],
    [
      { action: 'key', actor: ' ann ', object: 'b', entry: 'row' },
      { action: 'key', actor: 'ann', object: 'b', entry: 'row' },
    ],
    [{ action: { a: 1 }, period: 'nonsense', from: 'yesterday' }, {}],
    [
      { from: '2026-11-01', to: '2026-11-02' },
      { from: '2026-11-01', to: '2026-11-02' },
    ],
  ])('the URL %o is read as %o', (search, read) => expect(parseAuditSearch(search)).toEqual(read))

  it('asks for whole days, the last one included', () => {
    expect(askedOf({ from: '2026-11-01', to: '2026-11-02', object: 'b', entry: 'row' }, NOW)).toEqual({
      object_id: 'b',
      since: '2026-11-01T00:00:00.000Z',
      until: '2026-11-03T00:00:00.000Z',
    })
    expect(askedOf({}, NOW)).toEqual({})
  })

  it('an open row is no filter', () => {
    expect(isNarrowed({ entry: 'row' })).toBe(false)
    expect(isNarrowed({ period: '7d' })).toBe(true)
  })

  it('every kind that endpoints write can be filtered by', () => {
    expect(auditKinds).toEqual([...new Set(auditKinds)])
    for (const kind of ['budget', 'key', 'route', 'session']) expect(auditKinds).toContain(kind)
  })

  it('money and times are read as people read them', () => {
    const [limit, at] = changesOf(
      entryOf({
        before: { limit_nano_usd: '4000000000', revoked_us: null },
        after: { limit_nano_usd: '5000000001', revoked_us: '1795348800000000' },
      }),
    )
    expect([limit?.path, limit?.before, limit?.after]).toEqual(['limit_usd', '"4.00"', '"5.000000001"'])
    expect([at?.path, at?.after]).toEqual(['revoked_at', '"2026-11-22T12:00:00.000Z"'])
  })

  it.each<[Partial<AuditEntryWire>, string, unknown[]]>([
    [{ before: { a: 1, b: 2 }, after: { a: 1, b: 3 } }, 'b', ['b']],
    [{ before: { a: 1 }, after: { a: 1 } }, 'nothing else than before', []],
    [{ before: {}, after: { a: 1, b: 1, c: 1, d: 1, e: 1 } }, 'a, b, c and 2 more', ['a', 'b', 'c', 'd', 'e']],
    [{ after: { a: 1 } }, '', ['a']],
    [{ before: { a: 1 } }, '', ['a']],
    [{ data: { by: 'key', code: 'x' } }, '', ['by', 'code']],
  ])('of %o', (change, text, paths) => {
    expect(changeText(entryOf(change))).toBe(text)
    expect(changesOf(entryOf(change)).map(({ path }) => path)).toEqual(paths)
  })
})
