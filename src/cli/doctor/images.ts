/** The bucket of images, where one is configured. */
import type { Config } from '../../config/index.ts'
import type { Finding } from './finding.ts'

const area = 'Images'

/** Writes, reads and deletes an object of its own there; never a picture, and nothing of a provider. */
export async function checkImages({ storage }: Config): Promise<Finding[]> {
  if (!storage.blobs) return []
  const { examineBucket } = await import('../../compose/offline.ts')
  const { place, problem, knowsConditions } = await examineBucket(storage.blobs)
  if (problem !== undefined) {
    return [{ level: 'wrong', area, message: `bucket ${place}: ${problem}`, remedy }]
  }
  const works: Finding = { level: 'ok', area, message: `bucket ${place}: an object was written, read and deleted` }
  if (knowsConditions) return [works]
  const message = `bucket ${place}: it writes over objects although it is asked not to (If-None-Match)`
  return [works, { level: 'notice', area, message, remedy: 'Run one node only, or use a store that knows conditional writes.' }]
}

const remedy =
  'Check storage.blobs: bucket, region, endpoint and key. The key needs s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject on what is in it.'
