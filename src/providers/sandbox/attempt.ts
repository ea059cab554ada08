/** One attempt from assignment to images: waiting, streaming partial images, failing where the script says so. */
import type { AttemptFailure } from '../../core/outcome.ts'
import type { Usage } from '../../core/usage.ts'
import type { Clock } from '../../ports/clock.ts'
import type { AttemptIo, ProviderCall, ReceivedImage } from '../../ports/provider.ts'
import { createAssignment } from './assignment.ts'
import {
  cutOff,
  type FailedEnding,
  lostConnection,
  missingImage,
  noImage,
  refusalAfterwards,
  refusalAtOnce,
  unknownJob,
} from './failures.ts'
import { type Assignment, type Job, parseJob, serializeJob } from './job.ts'
import { sandboxModels } from './models.ts'
import type { Draftsman, Drawing, EditInputs, Picture } from './picture.ts'

export interface Attempt {
  readonly call: ProviderCall
  readonly io: AttemptIo
  readonly clock: Clock
  readonly latencyScale: number
  readonly random: () => number
  readonly draw: Draftsman
}

export type Ending =
  | {
      readonly kind: 'done'
      readonly images: readonly ReceivedImage[]
      readonly usage: Usage
      readonly failures: readonly AttemptFailure[]
      readonly httpStatus: number
    }
  | FailedEnding

const POLL_MS = 1000
const MAX_IMAGE_BYTES = 64 * 1024 * 1024

/** Throws for bad directives, bad inputs and aborts; the caller turns those into failures. */
export async function makeAttempt(attempt: Attempt): Promise<Ending> {
  const { call, io, clock, latencyScale, random } = attempt
  if (call.resume !== undefined) {
    const job = parseJob(call.resume)
    return job ? finishJob(attempt, job) : unknownJob()
  }
  const assignment = createAssignment(call, random)
  const { script } = assignment
  if (script.slowMs) await clock.sleep(script.slowMs, io.signal)
  const refusal = refusalAtOnce(script)
  if (refusal) return refusal
  if (sandboxModels.get(assignment.model)?.capabilities.asyncJobs) {
    const readyAtUs = clock.nowUs() + Math.round(assignment.latencyMs * latencyScale * 1000)
    const job: Job = { id: `sandbox-job-${call.attemptId}`, readyAtUs, assignment }
    await io.onSubmitted({ jobId: job.id, resume: serializeJob(job) })
    return finishJob(attempt, job)
  }
  const inputs = await readInputs(assignment, io)
  await showProgress(attempt, assignment, inputs)
  return finish(attempt, assignment, inputs)
}

async function finishJob(attempt: Attempt, { readyAtUs, assignment }: Job): Promise<Ending> {
  const { clock, io } = attempt
  for (let leftMs = (readyAtUs - clock.nowUs()) / 1000; leftMs > 0; leftMs = (readyAtUs - clock.nowUs()) / 1000) {
    await clock.sleep(Math.min(POLL_MS, leftMs), io.signal)
  }
  return finish(attempt, assignment, await readInputs(assignment, io))
}

/** Wait for as long as the model takes, and show unfinished states on the way. */
async function showProgress(attempt: Attempt, assignment: Assignment, inputs: EditInputs | undefined): Promise<void> {
  const { io, clock, latencyScale, draw } = attempt
  const stages = io.onPartial ? assignment.partials : 0
  const stageMs = (assignment.latencyMs * latencyScale) / (stages + 1)
  const [first] = assignment.drawings
  for (let stage = 0; stage <= stages; stage++) {
    if (stageMs > 0) await clock.sleep(stageMs, io.signal)
    if (stage === stages || !first) return
    const drawing: Drawing = { ...first, progress: (stage + 1) / (stages + 1) }
    const image = await receive(await draw(drawing, inputs, io.signal), assignment, io)
    await io.onPartial?.({ ...image, partialIndex: stage })
  }
}

async function finish(attempt: Attempt, assignment: Assignment, inputs: EditInputs | undefined): Promise<Ending> {
  const { io } = attempt
  const { outcome, partial } = assignment.script
  const wanted = assignment.drawings.length
  if (outcome === 'hang') await untilAborted(io.signal)
  if (outcome === 'unknown') return lostConnection()
  if (outcome === 'cutoff') return drawHalf(attempt, assignment, inputs)
  const made = Math.min(partial ?? wanted, wanted)
  if (made === 0) return noImage()
  const usage = assignment.usageByImages[made] ?? {}
  const images = await drawImages(attempt, assignment, inputs, made)
  if (outcome === 'refuse-billed') {
    await disposeAll(images)
    return refusalAfterwards(usage)
  }
  const failures = Array.from({ length: wanted - made }, (_, index) => missingImage(made + index))
  return { kind: 'done', images, usage, failures, httpStatus: 200 }
}

async function drawImages(
  { draw, io }: Attempt,
  assignment: Assignment,
  inputs: EditInputs | undefined,
  count: number,
): Promise<ReceivedImage[]> {
  const images: ReceivedImage[] = []
  try {
    for (const drawing of assignment.drawings.slice(0, count)) {
      images.push(await receive(await draw(drawing, inputs, io.signal), assignment, io))
    }
    return images
  } catch (error) {
    await disposeAll(images)
    throw error
  }
}

/** Really receive half of an image, so that the spool's clean-up is exercised, too. */
async function drawHalf({ draw, io }: Attempt, assignment: Assignment, inputs: EditInputs | undefined): Promise<Ending> {
  const [first] = assignment.drawings
  if (!first) return noImage()
  const { data } = await draw(first, inputs, io.signal)
  const half = Math.floor(data.byteLength / 2)
  const writer = io.spool.create({ maxBytes: MAX_IMAGE_BYTES })
  await writer.write(data.subarray(0, half))
  await writer.abort()
  return cutOff(half, data.byteLength)
}

async function receive(picture: Picture, assignment: Assignment, io: AttemptIo): Promise<ReceivedImage> {
  const writer = io.spool.create({ maxBytes: MAX_IMAGE_BYTES })
  await writer.write(picture.data)
  return { body: await writer.end(), mediaType: `image/${picture.format}`, size: picture.size, seed: assignment.seed }
}

const disposeAll = (images: readonly ReceivedImage[]): Promise<unknown> => Promise.all(images.map(({ body }) => body.dispose()))

async function readInputs({ inputs }: Assignment, io: AttemptIo): Promise<EditInputs | undefined> {
  const pictures: Buffer[] = []
  let mask: Buffer | undefined
  // The first image is edited; references and further images go beside it.
  const ordered = [...inputs].sort((a, b) => Number(b.role === 'image') - Number(a.role === 'image'))
  for (const input of ordered) {
    const chunks: Uint8Array[] = []
    for await (const chunk of io.openInput(input)) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    if (input.role === 'mask') mask = bytes
    else pictures.push(bytes)
  }
  const [base, ...references] = pictures
  return base ? { base, references, ...(mask && { mask }) } : undefined
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
