/** `providers.<name>`: accounts to buy from. */
import { z } from 'zod'
import { optionalParameters } from '../core/capability.ts'
import { operations, outputFormats, qualities } from '../core/request.ts'
import { operatorFacts } from './schema-facts.ts'
import { priceOverlay } from './schema-prices.ts'
import { milliseconds, modelName, modelPattern, pixelSize, rates, variableName } from './schema-values.ts'
import { Secret } from './secret.ts'

/** What may stand in an Authorization header. */
export const printable = /^[\x21-\x7e]+$/

const secretText = z
  .string()
  .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII on one line')
  .transform((value) => new Secret(value))

/** A credential: text (usually `${VARIABLE}`), or the variable to read. */
const credential = z.union([
  z
    .string()
    .regex(printable, 'must be printable ASCII without blanks')
    .transform((value) => new Secret(value)),
  z.strictObject({ env: variableName.describe('Environment variable that holds the value.') }),
])

const sizeRule = z.union(
  [
    z.literal('any').transform(() => ({ kind: 'any' as const })),
    z
      .array(pixelSize)
      .min(1)
      .transform((sizes) => ({ kind: 'list' as const, sizes })),
    z
      .strictObject({
        multipleOf: z.int().min(1).default(1),
        minEdge: z.int().min(1).default(1),
        maxEdge: z.int().min(1),
        minPixels: z.int().min(1).default(1),
        maxPixels: z.int().min(1),
        maxAspect: z.number().min(1).default(100),
      })
      .transform((area) => ({ kind: 'area' as const, ...area })),
  ],
  { error: 'must be any, a list of WIDTHxHEIGHT, or an area {maxEdge, maxPixels, ...}' },
)

const capabilityKeys = {
  operations: z.array(z.enum(operations)).min(1).exactOptional().describe('What it can do.'),
  sizes: sizeRule.exactOptional().describe('Sizes it makes: `any`, a list of `WIDTHxHEIGHT`, or an area.'),
  defaultSize: pixelSize.exactOptional().describe('Size when the client names none.'),
  qualities: z.array(z.enum(qualities)).exactOptional().describe('Quality settings; empty when it has none.'),
  defaultQuality: z.enum(qualities).exactOptional().describe('Quality when the client names none.'),
  maxN: z.int().min(1).max(1000).exactOptional().describe('Images one call can return.'),
  formats: z.array(z.enum(outputFormats)).min(1).exactOptional().describe('Output formats.'),
  defaultFormat: z.enum(outputFormats).exactOptional().describe('Format when the client names none.'),
  backgrounds: z
    .array(z.enum(['transparent', 'opaque']))
    .exactOptional()
    .describe('Backgrounds it can make.'),
  maxInputs: z.int().min(0).max(1000).exactOptional().describe('Input images per call; 0 without edits.'),
  mask: z.boolean().exactOptional().describe('Takes a mask.'),
  maxPromptChars: z.int().min(1).exactOptional().describe('Longest prompt, characters.'),
  parameters: z.array(z.enum(optionalParameters)).exactOptional().describe('Optional parameters it takes.'),
  steps: z
    .strictObject({
      default: z.int().min(1).max(1000).describe('Steps when the client names none.'),
      min: z.int().min(1).max(1000).default(1).describe('Least.'),
      max: z.int().min(1).max(1000).describe('Most.'),
    })
    .refine((steps) => steps.min <= steps.default && steps.default <= steps.max, { error: 'needs min <= default <= max' })
    .exactOptional()
    .describe('Inference steps it runs, where they are priced: a missing count becomes the default.'),
  maxPartialImages: z.int().min(0).max(3).exactOptional().describe('Partial images per stream; absent: it cannot stream.'),
  cancelStopsBilling: z.boolean().exactOptional().describe('Closing the connection stops the bill.'),
  asyncJobs: z.boolean().exactOptional().describe('It answers with a job that can be polled.'),
}

const modelObject = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(256)
      .exactOptional()
      .describe('What the provider calls it on the wire; default: the name part of `model`.'),
    model: modelName.describe('`publisher/name`.'),
    region: z.string().min(1).max(64).exactOptional().describe('Where it runs.'),
    tier: z.string().min(1).max(64).exactOptional().describe('Service tier.'),
    ...capabilityKeys,
  })
  .transform(({ id, model, region, tier, ...capabilities }) => ({
    id: id ?? model.slice(model.indexOf('/') + 1),
    model,
    ...(region === undefined ? {} : { region }),
    ...(tier === undefined ? {} : { tier }),
    capabilities,
  }))

const modelEntry = z.union([
  z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^/\s:]+(\/[^/\s:]+)?$/, 'must be a model id or publisher/name; write an object {id, model} for anything else'),
  modelObject,
])

export const providerSchema = z.strictObject({
  type: z
    .string()
    .min(1)
    .exactOptional()
    .describe('Kind of API; default: the name of the entry. Several entries may share one type.'),
  module: z
    .string()
    .min(1)
    .exactOptional()
    .describe('Instead of `type`: a module of your own that defines one; relative to this file.'),
  baseUrl: z.string().exactOptional().describe("Root of the API; default: the type's own. May be on a private network."),
  apiKey: credential.exactOptional().describe('Credential: `${VARIABLE}`, `{env: VARIABLE}` or the text itself.'),
  apiKeys: z
    .array(credential)
    .min(1)
    .exactOptional()
    .describe('Instead of `apiKey`: several keys. One that is refused, out of credit or limited rests, and the next takes over.'),
  options: z
    .record(z.string(), z.json())
    .exactOptional()
    .describe("What else the type needs; see its section in the providers' reference."),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be an HTTP header name'), secretText)
    .exactOptional()
    .describe('Headers added to every call; treated as secrets.'),
  models: z
    .array(modelEntry)
    .min(1)
    .exactOptional()
    .describe('Models to offer; default: all that the type knows, or that the server says it has.'),
  prices: z
    .record(modelPattern, priceOverlay)
    .exactOptional()
    .describe("Your prices by model; they replace the price book's for that model."),
  timeoutMs: milliseconds.default(300_000).describe('Longest wait for one call.'),
  batchTimeoutMs: z
    .int()
    .min(1)
    .max(7 * 86_400_000)
    .default(93_600_000)
    .describe('Longest wait for a call in the batch lane, which answers within a day.'),
  retries: z
    .int()
    .min(0)
    .max(5)
    .exactOptional()
    .describe("Tries again at the same offer, when nothing was billed; default: the route's."),
  ...rates,
  concurrency: z
    .int()
    .min(1)
    .max(1000)
    .exactOptional()
    .describe("Calls at once; further ones wait for their turn. Default: the type's own, mostly no limit."),
  region: z.string().min(1).max(64).exactOptional().describe('Region of the account.'),
  facts: operatorFacts
    .exactOptional()
    .describe('What you know of this account, such as a zero-retention agreement; it goes before what is known of its type.'),
  disabled: z.boolean().default(false).describe('Keep the entry but do not use it.'),
})
