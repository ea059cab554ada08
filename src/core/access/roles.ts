/** Who may do what: the one table of roles and permissions. Server, dashboard and documentation read it from here. */

export const roles = ['admin', 'operator', 'finance', 'project_owner', 'inference'] as const
export type Role = (typeof roles)[number]

/** What each permission lets one do, as the guide prints it. */
export const permissions = {
  'session.read': 'See who one is.',
  'models.read': 'List routes, models and offers.',
  'images.make': 'Make, edit and delete images, ask for quotes, use the playground.',
  'feedback.give': 'Accept, reject or score images.',
  'requests.read': 'Read requests and their receipts.',
  'decisions.read': 'Read why an offer was chosen.',
  'content.read': 'See prompts, parameters, images and thumbnails of the requests one may read.',
  'live.read': 'Follow requests as they happen.',
  'insight.read': 'Read spend and sums of what one reaches.',
  'insight.all': 'Read overviews, comparisons, saved views and tag rules of the whole gateway.',
  'views.write': 'Save views, and rules that label history.',
  'exports.read': 'Export charges.',
  'budgets.read': 'Read budgets.',
  'budgets.write': 'Create, change and delete budgets.',
  'prices.read': 'Read the price book and drafted changes.',
  'prices.write': 'Decide on drafted prices, correct past charges, record use of prepaid lots.',
  'lots.read': 'Read what is paid in advance.',
  'months.close': 'Close months, for good.',
  'routes.read': 'Read routes and what they did.',
  'routes.write': 'Create, change, try and roll back routes.',
  'status.read': 'See the mode and the problems of the gateway.',
  'providers.read': 'See providers, their health, and metrics.',
  'providers.write': 'Test provider keys, change providers.',
  'keys.read': 'List keys.',
  'keys.write': 'Create and revoke keys of the roles one may grant.',
  'projects.read': 'List projects.',
  'projects.write': 'Create and change projects.',
  'settings.write': 'Change what concerns the whole gateway, retention and deletion included.',
  'sessions.manage': 'See who is signed in, and end sessions.',
  'audit.read': 'Read the audit log.',
} as const
export type Permission = keyof typeof permissions

const own = [
  'session.read',
  'models.read',
  'images.make',
  'feedback.give',
  'requests.read',
  'decisions.read',
  'content.read',
] as const

const granted: Readonly<Record<Exclude<Role, 'admin'>, readonly Permission[]>> = {
  operator: [
    ...own,
    'live.read',
    'insight.read',
    'insight.all',
    'views.write',
    'exports.read',
    'budgets.read',
    'budgets.write',
    'prices.read',
    'prices.write',
    'lots.read',
    'routes.read',
    'routes.write',
    'status.read',
    'providers.read',
    'providers.write',
    'keys.read',
    'keys.write',
    'projects.read',
  ],
  finance: [
    'session.read',
    'models.read',
    'requests.read',
    'live.read',
    'insight.read',
    'insight.all',
    'views.write',
    'exports.read',
    'budgets.read',
    'budgets.write',
    'prices.read',
    'prices.write',
    'lots.read',
    'months.close',
    'status.read',
    'keys.read',
    'projects.read',
  ],
  project_owner: [
    ...own,
    'live.read',
    'insight.read',
    'budgets.read',
    'budgets.write',
    'status.read',
    'keys.read',
    'keys.write',
    'projects.read',
  ],
  inference: own,
}

const everything = Object.keys(permissions) as readonly Permission[]
const sets: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: new Set(everything),
  operator: new Set(granted.operator),
  finance: new Set(granted.finance),
  project_owner: new Set(granted.project_owner),
  inference: new Set(granted.inference),
}

export const mayDo = (role: Role, permission: Permission): boolean => sets[role].has(permission)

export const permissionsOf = (role: Role): readonly Permission[] => everything.filter((each) => mayDo(role, each))

/** Whose things a role reaches: all of them, those of its project, or those of its own key. */
export type Reach = 'all' | 'project' | 'own'

const reaches: Readonly<Record<Role, Reach>> = {
  admin: 'all',
  operator: 'all',
  finance: 'all',
  project_owner: 'project',
  inference: 'own',
}
export const reachOf = (role: Role): Reach => reaches[role]

/** Roles whose keys a role may create and revoke; never one that may do more, or reaches further, than itself. */
const grants: Readonly<Record<Role, readonly Role[]>> = {
  admin: roles,
  operator: ['inference'],
  finance: [],
  project_owner: ['inference'],
  inference: [],
}
export const mayGrant = (role: Role, wanted: Role): boolean => grants[role].includes(wanted)

/** Roles that people sign in with; a key of an application is none of them. */
export const maySignIn = (role: Role): boolean => role !== 'inference'
