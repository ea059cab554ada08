import { describe, expect, it } from 'vitest'
import { failureText, oidcUrl, parseSignInSearch } from './select-session.ts'

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

describe('why a sign-in elsewhere failed', () => {
  it('a code that is known has words, another one is not shown', () => {
    expect(failureText(parseSignInSearch({ error: 'forbidden' }).error ?? '')).toContain('no role here')
    for (const error of ['<b>', 'toString', '', 7, undefined]) expect(parseSignInSearch({ error })).toEqual({})
    expect(failureText('toString')).toBeUndefined()
  })

  it('the way back is kept in one parameter', () => {
    expect(oidcUrl('/start', '/requests?a=b&c=d')).toBe('/start?to=%2Frequests%3Fa%3Db%26c%3Dd')
    expect(oidcUrl('/start', undefined)).toBe('/start')
  })
})
