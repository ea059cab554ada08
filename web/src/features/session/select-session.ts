/** Where to go after signing in: a path of this dashboard, never another origin. */
export interface SignInSearch {
  readonly to?: string
}

export function parseSignInSearch(search: Record<string, unknown>): SignInSearch {
  const to = search['to']
  return typeof to === 'string' && isOwnPath(to) ? { to } : {}
}

/** `/requests` but neither `//host` nor `/\host`, which browsers read as another origin. */
const isOwnPath = (path: string): boolean => /^\/(?![/\\])/.test(path) && !path.startsWith('/sign-in')
