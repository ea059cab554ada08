/** Health, metrics, the OpenAPI document. */
import { openApiDocument } from '../../contract/openapi.ts'
import type { Handler } from '../handler.ts'

export const health: Handler = async ({ context, reply }) => {
  const { needsRestart } = context.describe()
  if (needsRestart) reply.code(503)
  return { status: needsRestart ? 'restart' : 'ok' }
}

export const ready: Handler = async ({ context, reply }) => {
  const { problems, notices } = context.describe()
  if (problems.length > 0) reply.code(503)
  return { status: problems.length > 0 ? 'not ready' : 'ready', problems, notices: notices.length }
}

export const metrics: Handler = async ({ context, reply }) => {
  await reply.header('content-type', context.metrics.contentType).send(await context.metrics.render())
  return undefined
}

export const openapi: Handler = async ({ context }) => openApiDocument(context.describe().version)
