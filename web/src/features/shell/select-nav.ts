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
