/** Sign-in, sessions, and who changed what. */
import { z } from 'zod'
import { type Permission, permissions, roles } from '../core/access/roles.ts'
import { timestamp } from './common.ts'

export const signInRequest = z.strictObject({ key: z.string().min(1).max(512) })

export const session = z.object({
  object: z.literal('session'),
  role: z.enum(roles),
  permissions: z.array(z.enum(Object.keys(permissions) as [Permission, ...Permission[]])),
  reach: z.enum(['all', 'project', 'own']).describe('Whose requests, keys and budgets it reaches.'),
  project_id: z.string(),
  project_name: z.string(),
  key_id: z.string().describe('Of the key, or of the person who signed in at the identity provider.'),
  key_name: z.string().describe('To show.'),
})

export const signInOptions = z.object({
  object: z.literal('sign_in_options'),
  key: z.literal(true),
  oidc: z
    .object({ name: z.string(), url: z.string().describe('Path to open in the browser.') })
    .nullable()
    .describe('The identity provider; null: none is configured.'),
})

export const startOidcQuery = z.object({ to: z.string().max(2_048).optional().describe('Path to come back to.') })

export const sessionObject = z.object({
  id: z.string(),
  name: z.string(),
  subject: z.string(),
  by: z.enum(['key', 'oidc']),
  address: z.string(),
  created_at: timestamp,
  seen_at: timestamp,
  expires_at: timestamp,
  current: z.boolean().describe('The one that asks.'),
})

export const auditQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(64).optional(),
  action: z.string().max(64).optional().describe('`key.create`, or `key` for all that concerns keys.'),
  actor: z.string().max(256).optional().describe('Id or name of who did it.'),
  object_id: z.string().max(256).optional(),
  since: z.iso.datetime({ offset: true }).or(z.iso.date()).optional().describe('A day or time.'),
  until: z.iso.datetime({ offset: true }).or(z.iso.date()).optional().describe('Not this moment any more.'),
})

export const auditEntry = z.object({
  id: z.string(),
  at: timestamp,
  actor: z.string().describe('Who; `file`, `environment` or `api` where no request asked for it.'),
  actor_id: z.string().nullable(),
  actor_role: z.string().nullable(),
  address: z.string().nullable(),
  action: z.string(),
  object_id: z.string(),
  data: z.record(z.string(), z.json()),
  before: z.record(z.string(), z.json()).nullable(),
  after: z.record(z.string(), z.json()).nullable(),
})

export type SessionWire = z.infer<typeof session>
export type AuditEntryWire = z.infer<typeof auditEntry>
