import { describe, expect, it } from 'vitest'
import { type DeletionForm, deletionBody, parseSettingsSearch, reachedBy } from './select-settings.ts'

const form = (change: Partial<DeletionForm>): DeletionForm => ({
  kind: 'end_customer',
  value: 'ann',
  before: '',
  what: 'all',
  ...change,
})

describe('a deletion', () => {
  it.each([
    [{ value: ' ann ' }, { end_customer: 'ann', what: 'all' }],
    [
      { kind: 'request_id', value: 'r1', what: 'images' },
      { request_id: 'r1', what: 'images' },
    ],
    [
      { kind: 'group', value: 'wedding' },
      { group: 'wedding', what: 'all' },
    ],
    [
      { kind: 'tag', value: 'painter=ann=b' },
      { tag: { key: 'painter', value: 'ann=b' }, what: 'all' },
    ],
    [
      { kind: 'project_id', value: 'shop', before: '2026-10-01' },
      { project_id: 'shop', before: '2026-10-01T00:00:00Z', what: 'all' },
    ],
    [{ value: ' ' }, 'Say whose content is deleted.'],
    [{ kind: 'tag', value: 'painter' }, 'Write name=value.'],
    [{ kind: 'tag', value: 'painter=' }, 'Write name=value.'],
    [{ kind: 'project_id', value: 'shop' }, 'Take a day.'],
  ] satisfies [Partial<DeletionForm>, unknown][])('names one thing, or says what is missing: %o', (change, body) =>
    expect(deletionBody(form(change))).toEqual(body),
  )

  it('leads to the requests that it reaches, the day before which they were made excluded', () => {
    expect(reachedBy(form({ kind: 'project_id', value: 'shop', before: '2026-10-01' }))).toEqual({
      project_id: 'shop',
      to: '2026-09-30',
    })
    expect(reachedBy(form({ kind: 'tag', value: 'a=b' }))).toEqual({ tag: 'a=b' })
    expect(reachedBy(form({ kind: 'request_id', value: 'r1' }))).toBeUndefined()
    expect(reachedBy(form({ value: '' }))).toBeUndefined()
  })

  it('a tab of the URL that there is none of is left out', () => {
    expect(parseSettingsSearch({ tab: 'deletion' })).toEqual({ tab: 'deletion' })
    expect(parseSettingsSearch({ tab: 'else' })).toEqual({})
  })
})
