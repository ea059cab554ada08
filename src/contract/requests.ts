/** Asking for requests: filters of the list, and the relatives of one. */
import { z } from 'zod'
import { parseUsd } from '../core/money.ts'
import { outcomes } from '../core/outcome.ts'
import { operations } from '../core/request.ts'
import { operation } from './common.ts'
import type { Endpoint } from './endpoints.ts'

const MAX_VALUES = 20

/** Several values in one parameter: `a,b`. */
const textList = z
  .string()
  .max(2_000)
  .transform((text) => text.split(',').filter((value) => value !== ''))
  .pipe(z.array(z.string().max(256)).max(MAX_VALUES))

const listOfWords = <const Words extends readonly [string, ...string[]]>(words: Words) => textList.pipe(z.array(z.enum(words)))

const usd = z
  .string()
  .max(32)
  .refine((text) => isUsd(text), { message: 'must be an amount in USD, such as 0.04' })

function isUsd(text: string): boolean {
  try {
    parseUsd(text)
    return true
  } catch {
    return false
  }
}

const moment = z
  .string()
  .max(40)
  .refine((text) => !Number.isNaN(Date.parse(text)), { message: 'must be an ISO 8601 time, such as 2026-11-22T00:00:00Z' })

const tagText = z
  .string()
  .max(600)
  .regex(/^[^=,]+=/, { message: 'must be key=value' })

export const requestListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(64).optional(),
  project_id: z.string().max(64).optional(),
  key_id: z.string().max(64).optional(),
  outcome: listOfWords(outcomes).optional().describe('One or several, with commas between them; so are the other lists.'),
  operation: listOfWords(operations).optional(),
  route: textList.optional(),
  model: textList.optional().describe('Asked for, or called in some attempt.'),
  offer: textList.optional().describe('Called in some attempt.'),
  provider: textList.optional(),
  size: textList.optional().describe('Size class of the first choice, as in insight; `none`: it has none. So are the next two.'),
  quality: textList.optional(),
  prompt_class: textList.optional(),
  group: z.string().max(256).optional(),
  end_customer: z.string().max(256).optional(),
  tag: z
    .union([tagText, z.array(tagText).max(10)])
    .optional()
    .describe('`key=value`; given several times, all must hold.'),
  since: moment.optional(),
  until: moment.optional().describe('Excluded.'),
  min_cost_usd: usd.optional(),
  max_cost_usd: usd.optional(),
  search: z
    .string()
    .min(2)
    .max(200)
    .optional()
    .describe('Part of an id, a tag, a group, an end customer or, where it is kept and may be read, the prompt.'),
})
export type RequestListQuery = z.output<typeof requestListQuery>

export const lineage = z.object({
  object: z.literal('lineage'),
  request_id: z.string(),
  inputs: z.array(
    z.object({
      image_id: z.string(),
      role: z.string(),
      thumbnail_url: z.string().nullable(),
      made_by: z.object({ request_id: z.string(), image_id: z.string() }).nullable().describe('Null: it came from outside.'),
    }),
  ),
  used_by: z
    .array(z.object({ request_id: z.string(), operation, image_id: z.string().describe('The picture it was given.') }))
    .describe('Requests of the project that were given a picture of this one, newest first, at most 50.'),
  replays: z.int().describe('Answers given again instead of a second call.'),
})
export type LineageWire = z.infer<typeof lineage>

/** The part of the endpoint table about the relatives of a request. */
export const lineageEndpoints = {
  getLineage: {
    method: 'GET',
    path: '/v1/halftone/requests/{id}/lineage',
    access: 'content.read',
    summary: 'What a request was given of our own pictures, and who was given what it made.',
    response: lineage,
  },
} as const satisfies Readonly<Record<string, Endpoint>>
