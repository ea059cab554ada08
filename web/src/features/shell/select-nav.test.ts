import { describe, expect, it } from 'vitest'
import { groups, nav } from './nav.ts'
import { selectNav } from './select-nav.ts'

const labelsOf = (role: Parameters<typeof selectNav>[1]) =>
  selectNav(nav, role).flatMap(({ items }) => items.map((item): string => item.label))

describe('the menu', () => {
  it('an admin sees every page there is, in the order of the groups', () => {
    const order = selectNav(nav, 'admin').map(({ group }) => group)
    expect(labelsOf('admin').toSorted()).toEqual(nav.map((item) => item.label).toSorted())
    expect(order).toEqual(groups.filter((group) => nav.some((item) => item.group === group)))
  })

  it('finance is not shown where pictures are made', () => {
    expect(labelsOf('finance')).not.toContain('Playground')
    expect(labelsOf('finance')).toContain('Requests')
  })
})
