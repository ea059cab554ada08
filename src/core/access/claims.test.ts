import { describe, expect, it } from 'vitest'
import { type RoleRule, roleClaims, ruleFor } from './claims.ts'

const rule = (change: Partial<RoleRule>): RoleRule => ({ role: 'admin', project: 'default', groups: [], emails: [], ...change })
const options = { groupsClaim: 'groups', trustUnverifiedEmail: false }

describe('roles from claims', () => {
  it('the first rule that fits counts, not the greatest', () => {
    const rules = [rule({ role: 'finance', groups: ['money'] }), rule({ groups: ['all'] })]
    expect(ruleFor({ groups: ['all', 'money'] }, rules)?.role).toBe('finance')
  })

  it('without a rule that fits there is no role', () => {
    expect(ruleFor({ groups: ['other'], email: 'a@b.test' }, [rule({ groups: ['x'], emails: ['c@b.test'] })])).toBeUndefined()
    expect(ruleFor({ groups: [] }, [rule({})])).toBeUndefined()
  })

  it.each([
    ['*@shop.test', 'ann@shop.test', true],
    ['*@Shop.Test', 'ann@shop.test', true],
    ['*@shop.test', 'ann@evil-shop.test', false],
    ['*@shop.test', 'ann@shop.test.evil.test', false],
    ['*@shop.test', '"x@shop.test"@evil.test', false],
    ['ann@shop.test', 'ann@shop.test', true],
    ['ann@shop.test', 'joann@shop.test', false],
    ['*@shop.test', undefined, false],
  ])('%s and %s: %s', (pattern, email, fits) => {
    const claims = { groups: [], ...(email !== undefined && { email }) }
    expect(ruleFor(claims, [rule({ emails: [pattern] })]) !== undefined).toBe(fits)
  })

  it.each([
    [{ email: 'A@b.test', email_verified: true }, 'a@b.test'],
    [{ email: 'a@b.test', email_verified: false }, undefined],
    [{ email: 'a@b.test' }, undefined],
    [{ email: 'a@b.test', email_verified: 'true' }, undefined],
    [{ email: 7, email_verified: true }, undefined],
  ])('an address counts when it is verified: %o', (claims, email) => {
    expect(roleClaims(claims, options).email).toBe(email)
  })

  it('an address nobody verified counts where the operator says so', () => {
    expect(roleClaims({ email: 'a@b.test' }, { ...options, trustUnverifiedEmail: true }).email).toBe('a@b.test')
  })

  it.each([
    [{ groups: ['a', 7, 'b'] }, ['a', 'b']],
    [{ groups: 'a' }, ['a']],
    [{}, []],
    [{ groups: { a: 1 } }, []],
  ])('groups may be one or many: %o', (claims, groups) => {
    expect(roleClaims(claims, options).groups).toEqual(groups)
  })
})
