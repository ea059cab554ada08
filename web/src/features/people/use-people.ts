import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { apiKeysQuery, projectsQuery } from '../../api/queries.ts'
import { usePermission } from '../shell/use-session.ts'
import { type Names, namesOf } from './names.ts'

/** Keys and projects, as far as one may see them, and their names. */
export function usePeople() {
  const keys = useQuery({ ...apiKeysQuery, enabled: usePermission('keys.read') })
  const projects = useQuery({ ...projectsQuery, enabled: usePermission('projects.read') })
  const names: Names = useMemo(() => namesOf(keys.data?.data ?? [], projects.data?.data ?? []), [keys.data, projects.data])
  return { keys, projects, names }
}
