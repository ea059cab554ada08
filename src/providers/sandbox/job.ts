/**
 * The batch model's job. There is no server that keeps it: everything it needs is in the payload that the ledger keeps, so
 * it survives a restart, and resuming it twice gives the same images.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ImageInput } from '../../core/request.ts'
import type { Usage } from '../../core/usage.ts'
import type { Script } from './directives.ts'
import type { Drawing } from './picture.ts'

/** What one attempt will do: fixed before it starts, plain data, without the prompt's text. */
export interface Assignment {
  readonly model: string
  readonly script: Script
  /** One per image asked for. */
  readonly drawings: readonly Drawing[]
  readonly inputs: readonly ImageInput[]
  readonly seed: number
  /** Partial images to show while streaming. */
  readonly partials: number
  readonly latencyMs: number
  /** Usage by the number of images made, from 0 to all. */
  readonly usageByImages: readonly Usage[]
}

export interface Job {
  readonly id: string
  readonly readyAtUs: number
  readonly assignment: Assignment
}

const VERSION = 1

export function serializeJob(job: Job): JsonObject {
  const usageByImages = job.assignment.usageByImages.map((usage) =>
    Object.fromEntries(Object.entries(usage).map(([meter, quantity]) => [meter, String(quantity)])),
  )
  // Assignments are plain data by construction; only bigints need another form.
  return {
    version: VERSION,
    id: job.id,
    readyAtUs: job.readyAtUs,
    assignment: { ...job.assignment, usageByImages } as unknown as JsonObject,
  }
}

/** Undefined when it was not written by `serializeJob`. */
export function parseJob(value: JsonValue): Job | undefined {
  if (!isObject(value) || value['version'] !== VERSION) return undefined
  const { id, readyAtUs, assignment } = value
  if (typeof id !== 'string' || typeof readyAtUs !== 'number' || !isObject(assignment)) return undefined
  const { usageByImages, drawings, inputs } = assignment
  if (!Array.isArray(usageByImages) || !Array.isArray(drawings) || !Array.isArray(inputs)) return undefined
  const usages = (usageByImages as readonly Record<string, string>[]).map(
    (usage): Usage => Object.fromEntries(Object.entries(usage).map(([meter, quantity]) => [meter, BigInt(quantity)])),
  )
  // The shape is ours: the version and the members above tell that `serializeJob` wrote it.
  return { id, readyAtUs, assignment: { ...(assignment as unknown as Assignment), usageByImages: usages } }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
