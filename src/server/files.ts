/** Uploaded files: kept as blobs until they are deleted or expire, seen by whoever may see what their key made. */
import type { IncomingMessage } from 'node:http'
import { uploadRequest } from '../contract/batch-endpoints.ts'
import { HalftoneError } from '../core/error.ts'
import { keep } from '../gateway/assets.ts'
import type { BlobPart, SpooledBody } from '../ports/blob-store.ts'
import type { FilePurpose, FileRecord } from '../ports/ledger.ts'
import type { ServerContext } from './context.ts'
import { fromZod } from './errors.ts'
import { toIncomingImage } from './incoming-image.ts'
import type { Identity } from './key-ring.ts'
import { readForm } from './read-form.ts'
import { isWithinReach } from './view.ts'

const DAY_US = 86_400_000_000

/** Take an upload and keep it. Throws what is wrong with it, by field. */
export async function storeUpload(context: ServerContext, identity: Identity, raw: IncomingMessage): Promise<FileRecord> {
  const { services, settings } = context
  const { fields, files } = await readForm(raw, {
    spool: services.spool,
    maxBodyBytes: settings.maxBodyBytes,
    maxFileBytes: settings.maxBodyBytes,
    tooLargeCode: 'body_too_large',
    maxFiles: 1,
    tooManyParam: 'file',
    refuse: (name) => (name === 'file' ? undefined : 'send one as "file"'),
  })
  const [file] = files
  try {
    const { purpose, ...rest } = checkedUpload({ ...fields, ...(file && { file: file.filename ?? '' }) })
    const nowUs = services.clock.nowUs()
    const expiresUs = expiryOf(identity, nowUs, rest['expires_after[seconds]'])
    // The schema has seen that there is one.
    if (!file) throw new HalftoneError('missing_required_parameter', 'Missing required parameter: "file".', { param: 'file' })
    await checkContent(context, file.body, purpose)
    return await keepFile(context, file.body, {
      id: `file-${services.newId()}`,
      keyId: identity.key.id,
      projectId: identity.project.id,
      purpose,
      filename: file.filename ?? (purpose === 'batch' ? 'batch.jsonl' : 'image'),
      bytes: file.body.bytes,
      sha256: file.body.sha256,
      createdUs: nowUs,
      expiresUs,
    })
  } finally {
    await file?.body.dispose()
  }
}

function checkedUpload(fields: object) {
  const parsed = uploadRequest.safeParse(fields, { reportInput: true })
  if (!parsed.success) throw fromZod(parsed.error)
  return parsed.data
}

/** As long as the project keeps images, or as long as was asked for. */
function expiryOf({ project }: Identity, nowUs: number, seconds: number | undefined): number {
  if (project.assetTtlDays === 0) {
    throw new HalftoneError(
      'invalid_value',
      `The project "${project.id}" keeps no images (assetTtlDays: 0), so it keeps no files; give it days, or send requests one by one.`,
      { param: 'file' },
    )
  }
  const mostUs = project.assetTtlDays * DAY_US
  if (seconds !== undefined && seconds * 1_000_000 > mostUs) {
    const message = `The project "${project.id}" keeps files for ${project.assetTtlDays} days at most.`
    throw new HalftoneError('invalid_value', message, { param: 'expires_after[seconds]' })
  }
  return nowUs + (seconds === undefined ? mostUs : seconds * 1_000_000)
}

async function checkContent({ settings }: ServerContext, body: SpooledBody, purpose: FilePurpose): Promise<void> {
  if (body.bytes === 0) throw new HalftoneError('invalid_value', 'The file is empty.', { param: 'file' })
  if (purpose === 'batch') return
  if (body.bytes > settings.maxImageBytes)
    throw new HalftoneError('image_too_large', `An image may have ${settings.maxImageBytes} bytes.`, { param: 'file' })
  await toIncomingImage(body, 'image', 'file', settings)
}

async function keepFile({ services }: ServerContext, body: SpooledBody, file: FileRecord): Promise<FileRecord> {
  if (!services.disk.mayStore()) {
    throw new HalftoneError('storage_full', 'The disk is nearly full; no files are taken.', { retryAfterMs: 30_000 })
  }
  await keep(services, body)
  try {
    await services.ledger.batches.addFile(file)
  } finally {
    services.blobGuard.release(file.sha256)
  }
  return file
}

/** Somebody else's file is as unknown as one that never was. */
export async function fileWithinReach(
  { services }: ServerContext,
  identity: Identity,
  id: string,
  param = 'id',
): Promise<FileRecord> {
  const file = await services.ledger.batches.file(id)
  if (!file || !isWithinReach(identity, file) || file.expiresUs <= services.clock.nowUs())
    throw new HalftoneError('not_found', `There is no file "${id.slice(0, 128)}" of this key.`, { param })
  return file
}

/** The bytes of a file. */
export async function openFile({ services }: ServerContext, file: FileRecord, part?: BlobPart) {
  const blob = await services.blobs.open(file.sha256, part)
  if (!blob)
    throw new HalftoneError('asset_expired', 'The bytes of this file are not stored, or not where this node keeps them.', {
      param: 'id',
    })
  return blob
}

/** A picture that was uploaded before, copied into the spool as if it had come with the request. */
export async function openUploadedImage(
  context: ServerContext,
  identity: Identity,
  id: string,
  param: string,
): Promise<SpooledBody> {
  const file = await fileWithinReach(context, identity, id, param)
  if (file.purpose !== 'vision') {
    throw new HalftoneError('invalid_value', `The file "${file.id}" is not a picture: upload it with purpose "vision".`, {
      param,
    })
  }
  const { stream } = await openFile(context, file)
  const writer = context.services.spool.create({ maxBytes: context.settings.maxImageBytes, tooLargeCode: 'image_too_large' })
  try {
    for await (const chunk of stream) {
      const waiting = writer.write(chunk)
      if (waiting) await waiting
    }
    return await writer.end()
  } catch (error) {
    await writer.abort()
    throw error
  }
}
