import { describe, expect, it } from 'vitest'
import { mayDo, mayGrant, maySignIn, type Permission, permissions, permissionsOf, reachOf, roles } from './roles.ts'

const width = { own: 0, project: 1, all: 2 } as const

describe('roles', () => {
  it('an admin may do everything that has a name', () => {
    expect(permissionsOf('admin')).toEqual(Object.keys(permissions))
  })

  it.each(roles.flatMap((role) => roles.map((wanted) => [role, wanted] as const)).filter((pair) => mayGrant(...pair)))(
    'a key that %s makes for %s may do no more than its maker, and reaches no further',
    (role, wanted) => {
      expect(permissionsOf(wanted).filter((permission) => !mayDo(role, permission))).toEqual([])
      expect(width[reachOf(wanted)]).toBeLessThanOrEqual(width[reachOf(role)])
    },
  )

  it('only an admin makes keys of people', () => {
    const makers = roles.filter((role) => roles.some((wanted) => wanted !== 'inference' && mayGrant(role, wanted)))
    expect(makers).toEqual(['admin'])
  })

  it.each<Permission>(['content.read', 'decisions.read', 'images.make', 'feedback.give', 'routes.write', 'keys.write'])(
    'finance never has %s',
    (permission) => {
      expect(mayDo('finance', permission)).toBe(false)
    },
  )

  it.each<Permission>(['sessions.manage', 'audit.read', 'settings.write', 'projects.write'])(
    '%s is of admins alone',
    (permission) => {
      expect(roles.filter((role) => mayDo(role, permission))).toEqual(['admin'])
    },
  )

  it('an application does not sign in', () => {
    expect(roles.filter((role) => !maySignIn(role))).toEqual(['inference'])
  })
})
