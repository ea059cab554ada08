/** Where to go after signing in, and why the last try at the identity provider failed. */
export interface SignInSearch {
  /** A path of this dashboard, never another origin. */
  readonly to?: string
  /** Code of the failure, as the gateway puts it into the address. */
  readonly error?: string
}

export function parseSignInSearch(search: Record<string, unknown>): SignInSearch {
  const { to, error } = search
  return {
    ...(typeof to === 'string' && isOwnPath(to) && { to }),
    ...(typeof error === 'string' && Object.hasOwn(failures, error) && { error }),
  }
}

/** `/requests` but neither `//host` nor `/\\host`, which browsers read as another origin. */
const isOwnPath = (path: string): boolean => /^\/(?![/\\])/.test(path) && !path.startsWith('/sign-in')

const failures = {
  forbidden: 'You are known there, but have no role here. Ask an administrator of this gateway for one.',
  sign_in_failed:
    'The sign-in did not come to its end. Begin it again; if it fails again, sign in with a key and look at the settings.',
  rate_limit_exceeded: 'There were too many failed sign-ins from your address. Wait a minute.',
  not_found: 'No identity provider is configured any more. Sign in with a key.',
} as const

/** What a person can do about it. */
export const failureText = (error: string): string | undefined =>
  Object.hasOwn(failures, error) ? failures[error as keyof typeof failures] : undefined

/** Address that leads to the identity provider and back to where one wanted to go. */
export const oidcUrl = (start: string, to: string | undefined): string =>
  to === undefined ? start : `${start}?to=${encodeURIComponent(to)}`
