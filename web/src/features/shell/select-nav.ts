/** What of the menu a session sees. */
import { mayDo, type Role } from '../../../../src/core/access/roles.ts'
import { groups, type NavGroup, type nav } from './nav.ts'

type NavItem = (typeof nav)[number]

export interface NavSection {
  readonly group: NavGroup
  readonly items: readonly NavItem[]
}

/** The groups that have pages for this role, in order. */
export function selectNav(items: readonly NavItem[], role: Role): readonly NavSection[] {
  return groups.flatMap((group) => {
    const shown = items.filter((item) => item.group === group && mayDo(role, item.permission))
    return shown.length > 0 ? [{ group, items: shown }] : []
  })
}

/** The page of the menu that a path belongs to: `/requests/abc` to `/requests`; only `/` itself to the first. */
export const pageAt = (items: readonly NavItem[], path: string): NavItem | undefined =>
  items.find(({ to }) => path === to || path.startsWith(`${to}/`))

/** Where to lead a session that opens a page of the menu it may not see: to its first page; undefined: it may stay. */
export function pageInstead(items: readonly NavItem[], role: Role, path: string): NavItem['to'] | undefined {
  const wanted = pageAt(items, path)
  if (!wanted || mayDo(role, wanted.permission)) return undefined
  return selectNav(items, role)[0]?.items[0]?.to
}
