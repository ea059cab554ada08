/** How people sign in: their sessions, and an identity provider. */
import { z } from 'zod'
import { roles } from '../core/access/roles.ts'
import { milliseconds, objectName } from './schema-values.ts'
import { Secret } from './secret.ts'

const people = roles.filter((role) => role !== 'inference')

const roleRule = z
  .strictObject({
    role: z.enum(people).describe('What its people may do.'),
    project: objectName
      .default('default')
      .describe('For `project_owner`: which project; otherwise where use of the playground is booked.'),
    groups: z.array(z.string().min(1).max(256)).max(100).default([]).describe('Groups of the identity provider.'),
    emails: z
      .array(z.string().regex(/^(\*|[^@\s*]+)@[^@\s*]+$/, 'must be an address, or *@domain'))
      .max(1000)
      .default([])
      .describe('Verified addresses, or `*@domain`.'),
  })
  .refine(({ groups, emails }) => groups.length + emails.length > 0, 'needs groups or emails')

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const isIssuer = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback.test(url.hostname)))
}

export const oidcSchema = z.strictObject({
  name: z.string().min(1).max(40).default('single sign-on').describe('On the button: Sign in with ...'),
  issuer: z.string().refine(isIssuer, 'must be an https URL').describe('URL of the identity provider; it is asked for the rest.'),
  clientId: z
    .string()
    .min(1)
    .max(256)
    .describe('As registered there, with the redirect URI `<publicUrl>/v1/halftone/oidc/callback`.'),
  clientSecret: z
    .string()
    .min(1)
    .max(1024)
    .transform((value) => new Secret(value))
    .exactOptional()
    .describe('Its secret; absent for a public client.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope'))
    .default(['openid', 'profile', 'email'])
    .refine((scopes) => scopes.includes('openid'), 'must contain openid')
    .describe('What is asked for.'),
  groupsClaim: z.string().min(1).max(128).default('groups').describe('Claim that holds the groups of a person.'),
  trustUnverifiedEmail: z
    .boolean()
    .default(false)
    .describe('Believe addresses the provider has not verified; safe only where nobody chooses their own.'),
  roles: z
    .array(roleRule)
    .min(1)
    .max(200)
    .describe('Who gets which role; the first rule that fits counts, others are turned away.'),
  timeoutMs: milliseconds.default(10_000).describe('Longest wait for an answer of the provider.'),
})

export const sessionsSchema = z.strictObject({
  maxHours: z.number().positive().max(720).default(12).describe('How long a sign-in lasts at most.'),
  idleMinutes: z.number().positive().max(43_200).default(120).describe('How long nothing may happen before it ends.'),
})
