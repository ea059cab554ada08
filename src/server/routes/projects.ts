/** Projects: their names, and how long what belongs to them is kept. */
import type { z } from 'zod'
import type * as schemas from '../../contract/admin.ts'
import { reachOf } from '../../core/access/roles.ts'
import type { ProjectRecord } from '../../ports/ledger.ts'
import { callerIdentity, type Handler } from '../handler.ts'
import { managed, objectId } from './managed.ts'

const projectWire = (project: ProjectRecord) => ({
  id: project.id,
  name: project.name,
  prompt_mode: project.promptMode,
  asset_ttl_days: project.assetTtlDays,
  content_ttl_days: project.contentTtlDays ?? null,
  records_ttl_days: project.recordsTtlDays ?? null,
  tags: project.tags,
  managed_by: project.managedBy,
})

export const listProjects: Handler = async (call) => {
  const { key, project: own } = callerIdentity(call)
  const projects = await call.context.services.ledger.admin.projects()
  const isSeen = ({ id }: ProjectRecord): boolean => reachOf(key.role) === 'all' || id === own.id
  return { object: 'list', data: projects.filter(isSeen).map(projectWire) }
}

export const putProject: Handler = async ({ context, params, body }) => {
  const wanted = body as z.infer<typeof schemas.putProjectRequest>
  const id = objectId(params['id'])
  const { admin } = context.services.ledger
  const existing = (await admin.projects()).find((project) => project.id === id)
  if (existing && existing.managedBy !== 'api') throw managed(`Project "${id}"`, existing.managedBy)
  const contentTtlDays = wanted.content_ttl_days === undefined ? existing?.contentTtlDays : wanted.content_ttl_days
  const before = existing ? existing.recordsTtlDays : context.settings.recordsTtlDays
  const recordsTtlDays = wanted.records_ttl_days === undefined ? before : wanted.records_ttl_days
  const project: ProjectRecord = {
    id,
    name: wanted.name,
    promptMode: wanted.prompt_mode ?? existing?.promptMode ?? 'full',
    assetTtlDays: wanted.asset_ttl_days ?? existing?.assetTtlDays ?? 30,
    ...(typeof contentTtlDays === 'number' && { contentTtlDays }),
    ...(typeof recordsTtlDays === 'number' && { recordsTtlDays }),
    tags: wanted.tags ?? existing?.tags ?? {},
    managedBy: 'api',
  }
  await admin.putProject(project)
  context.keys.forget()
  return projectWire(project)
}
