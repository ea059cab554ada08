/** The address and prefix of S3-compatible storage. */
import type { Findings } from './resolve-context.ts'
import type { FileSettings } from './schema.ts'
import type { BlobsSettings } from './schema-blobs.ts'
import { checkHttpUrl, isPrivateHost } from './url.ts'

/** The prefix ends with a slash, or is empty; the endpoint has no trailing one. */
export function resolveBlobs(
  blobs: BlobsSettings,
  { allowPrivateHosts }: Pick<FileSettings['network'], 'allowPrivateHosts'>,
  found: Findings,
): BlobsSettings {
  const prefix = blobs.prefix.replace(/\/*$/, blobs.prefix === '' ? '' : '/')
  if (blobs.endpoint === undefined) return { ...blobs, prefix }
  const path = ['storage', 'blobs', 'endpoint']
  const check = checkHttpUrl(blobs.endpoint)
  if (check.kind === 'bad') {
    found.problem(path, check.message, check.remedy)
    return blobs
  }
  const { hostname } = new URL(check.url)
  if (check.plainHttp && !isPrivateHost(hostname) && !allowPrivateHosts.includes(hostname))
    found.problem(path, 'is plain http to a public host', 'Use https, or list the host under network.allowPrivateHosts.')
  return { ...blobs, prefix, endpoint: check.url }
}
