import { describe, expect, it } from 'vitest'
import { nav } from './nav.ts'
import { pageInstead } from './select-nav.ts'

describe('a page of the menu that one may not see', () => {
  it.each([
    ['finance', '/playground', true],
    ['finance', '/requests', false],
    ['finance', '/requests/abc', false],
    ['operator', '/playground', false],
    ['finance', '/no-such-page', false],
  ] as const)('%s at %s is led elsewhere: %s', (role, path, led) => {
    const instead = pageInstead(nav, role, path)
    expect(instead !== undefined).toBe(led)
    if (instead) expect(pageInstead(nav, role, instead)).toBeUndefined()
  })
})
