import { describe, expect, it } from 'vitest'
import { parseSignInSearch } from './select-session.ts'

describe('where sign-in leads', () => {
  it('a path of the dashboard is kept', () => {
    expect(parseSignInSearch({ to: '/requests?outcome=refused' })).toEqual({ to: '/requests?outcome=refused' })
  })

  it.each(['https://evil.test', '//evil.test', '/\\evil.test', 'javascript:alert(1)', '', 7, undefined, '/sign-in'])(
    'anything else is dropped: %s',
    (to) => {
      expect(parseSignInSearch({ to })).toEqual({})
    },
  )
})
