/** From what an identity provider says about a person to a role. */
import type { Role } from './roles.ts'

/** The part of the claims that rules look at; kept with the session, so that changed rules count at once. */
export interface RoleClaims {
  /** Lower case; only one that the provider has verified. */
  readonly email?: string
  readonly groups: readonly string[]
}

export interface RoleRule {
  readonly role: Role
  /** Of a project owner: the project; otherwise what requests of the playground are booked to. */
  readonly project: string
  readonly groups: readonly string[]
  /** Addresses, or `*@domain`. */
  readonly emails: readonly string[]
}

/** The first rule that names a group or the address of the person; undefined: nobody here. */
export function ruleFor(claims: RoleClaims, rules: readonly RoleRule[]): RoleRule | undefined {
  return rules.find(
    ({ groups, emails }) =>
      groups.some((group) => claims.groups.includes(group)) || emails.some((pattern) => matchesEmail(pattern, claims.email)),
  )
}

function matchesEmail(pattern: string, email: string | undefined): boolean {
  if (email === undefined) return false
  const wanted = pattern.toLowerCase()
  if (!wanted.startsWith('*@')) return wanted === email
  return email.slice(email.lastIndexOf('@')) === wanted.slice(1)
}

/** What rules need of a set of claims. An address counts only when `email_verified` is true, or where the operator trusts all. */
export function roleClaims(
  claims: Readonly<Record<string, unknown>>,
  { groupsClaim, trustUnverifiedEmail }: { readonly groupsClaim: string; readonly trustUnverifiedEmail: boolean },
): RoleClaims {
  const given = claims[groupsClaim]
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const groups = list.filter((group): group is string => typeof group === 'string').slice(0, MAX_GROUPS)
  const { email, email_verified: verified } = claims
  const counts = verified === true || trustUnverifiedEmail
  return { ...(typeof email === 'string' && email !== '' && counts && { email: email.toLowerCase() }), groups }
}

/** More are not looked at. */
const MAX_GROUPS = 500
