/** The part of the endpoint table about sign-in, sessions and the audit log. */
import * as access from './access.ts'
import { deleted } from './admin.ts'
import { listOf } from './common.ts'
import type { Endpoint } from './endpoints.ts'

export const accessEndpoints = {
  getSession: {
    method: 'GET',
    path: '/v1/halftone/session',
    access: 'session.read',
    summary: 'Who the key or session is, and what it may do.',
    response: access.session,
  },
  signIn: {
    method: 'POST',
    path: '/v1/halftone/session',
    access: 'none',
    summary: "Exchange a key of a person for the dashboard's session cookie.",
    body: access.signInRequest,
    response: access.session,
  },
  signOut: {
    method: 'DELETE',
    path: '/v1/halftone/session',
    access: 'none',
    summary: 'End the session, on every node.',
    response: deleted,
  },
  getSignInOptions: {
    method: 'GET',
    path: '/v1/halftone/session/options',
    access: 'none',
    summary: 'How one can sign in here.',
    response: access.signInOptions,
  },
  startOidc: {
    method: 'GET',
    path: '/v1/halftone/oidc/start',
    access: 'none',
    summary: 'Go to the identity provider; for browsers.',
    query: access.startOidcQuery,
    mediaType: 'text/html',
  },
  finishOidc: {
    method: 'GET',
    path: '/v1/halftone/oidc/callback',
    access: 'none',
    summary: 'Where the identity provider sends the browser back to.',
    mediaType: 'text/html',
  },
  listSessions: {
    method: 'GET',
    path: '/v1/halftone/sessions',
    access: 'sessions.manage',
    summary: 'Who is signed in, newest first.',
    response: listOf(access.sessionObject),
  },
  endSession: {
    method: 'DELETE',
    path: '/v1/halftone/sessions/{id}',
    access: 'sessions.manage',
    summary: 'Sign somebody out.',
    response: deleted,
  },
  listAudit: {
    method: 'GET',
    path: '/v1/halftone/audit',
    access: 'audit.read',
    summary: 'Who changed what, when and from where, newest first.',
    query: access.auditQuery,
    response: listOf(access.auditEntry),
  },
} as const satisfies Record<string, Endpoint>
