import { useQuery } from '@tanstack/react-query'
import { mayDo, type Permission } from '../../../../src/core/access/roles.ts'
import { sessionQuery } from '../../api/queries.ts'

/** Whether the one who is signed in may do this: for leaving out what would only be refused. */
export function usePermission(permission: Permission): boolean {
  const { data } = useQuery(sessionQuery)
  return data != null && mayDo(data.role, permission)
}
