/** Claude draws by writing SVG: icons, diagrams, charts. The text is made safe and drawn here; the bill is that of its tokens. */
import { isAbsolute } from 'node:path'
import { z } from 'zod'
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Warning } from '../core/offer.ts'
import type { AttemptFailure } from '../core/outcome.ts'
import { type Usage, wholeUnits } from '../core/usage.ts'
import {
  type DecodeContext,
  type Decoded,
  defineProvider,
  type EncodeContext,
  type Encoded,
  type Probe,
  type ProviderResponse,
} from './define-provider.ts'
import { failure } from './engine/failures.ts'
import { failureOfStatus, wireErrorOf } from './kit/errors.ts'
import { mergeExtra } from './kit/extra.ts'
import { lookUp } from './kit/jobs.ts'
import { type KnownModel, offersOf } from './kit/offers.ts'
import { asCount, asList, asObject, asText, objectsOf } from './kit/read.ts'
import { unknownNumbers } from './kit/unknown-usage.ts'

const id = 'anthropic'

/** What the price book takes for the most of one picture. */
const MAX_TOKENS = 8_000

const reserved: ReadonlySet<string> = new Set([
  'max_tokens',
  'stream',
  'tools',
  'tool_choice',
  'service_tier',
  'container',
  'stop_sequences',
])

const capabilities: Capabilities = {
  operations: ['generate'],
  sizes: {
    kind: 'area',
    multipleOf: 1,
    minEdge: 16,
    maxEdge: 4096,
    minPixels: 256,
    maxPixels: 4096 * 4096,
    maxAspect: 16,
  },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 1,
  formats: ['png', 'svg', 'webp', 'jpeg'],
  defaultFormat: 'png',
  backgrounds: ['transparent', 'opaque'],
  maxInputs: 0,
  mask: false,
  maxPromptChars: 32_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const models: readonly KnownModel[] = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-fable-5-1',
  'claude-fable-5-2',
  'claude-opus-5',
].map((name) => ({ model: `anthropic/${name}`, wireModel: name, capabilities }))

export const anthropic = defineProvider({
  id,
  baseUrl: 'https://api.anthropic.com/v1',
  keyVariables: ['ANTHROPIC_API_KEY'],
  requiresKey: true,
  // Key and version as the vendor's SDK 1.12.0 sends them.
  auth: (apiKey) => ({ authorization: `Bearer ${apiKey}`, 'anthropic-version': '2026-10-21' }),
  bodyKeys: [],
  options: z.strictObject({
    fontDirs: z
      .array(z.string().refine(isAbsolute, 'must be an absolute path'))
      .max(8)
      .optional()
      .describe('Folders of fonts for text in drawn pictures. Without any, text is left out of them; SVG keeps it in any case.'),
  }),
  facts: {
    refusals: '`stop_reason: refusal` is billed by the tokens up to it, which the answer reports.',
    documentation: 'https://platform.claude.com/docs/en/api/messages',
  },

  offers: (config) => offersOf(config, id, models),

  encode(request, candidate, context): Encoded {
    const ours = {
      model: candidate.offer.wireModel,
      max_tokens: MAX_TOKENS,
      system: instructions(candidate, context),
      messages: [{ role: 'user', content: request.prompt }],
    }
    const { parameters, warnings } = mergeExtra(ours, request, candidate, reserved)
    return {
      call: { method: 'POST', path: '/messages', body: { kind: 'json', value: parameters }, accept: 'json', stream: false },
      warnings,
    }
  },

  decode(response, context): Decoded {
    const answer = response.body.kind === 'json' ? asObject(response.body.value) : undefined
    if (response.status !== 200 || answer?.['type'] !== 'message') return { kind: 'failed', failure: failureOf(response) }
    const { usage, warnings } = consumption(asObject(answer['usage']))
    const problem = problemOf(answer, usage)
    if (problem) return { kind: 'failed', failure: problem }
    const svg = svgIn(textOf(answer['content']))
    if (svg === undefined) {
      const message = 'The provider answered in words instead of a drawing.'
      return { kind: 'failed', failure: billed('provider_no_image', message, usage) }
    }
    return {
      kind: 'done',
      images: [{ source: { drawing: { svg, ...orderOf(context) } } }],
      usage,
      warnings: [...warnings, ...textWarnings(svg, context)],
    }
  },

  probe: (): Probe => ({
    call: lookUp('/models?limit=1000'),
    decode: (response) => {
      const listed = response.body.kind === 'json' ? asList(asObject(response.body.value)?.['data']) : undefined
      return response.status === 200 && listed
        ? { ok: true, message: `The key works; it may use ${listed.length} models.` }
        : { ok: false, message: failureOf(response).message }
    },
  }),
})

const fontDirsOf = ({ options }: EncodeContext): readonly string[] =>
  (asList(options['fontDirs']) ?? []).filter((each) => typeof each === 'string')

const isDrawnWithoutFonts = ({ settings }: Candidate, context: EncodeContext): boolean =>
  settings.format !== 'svg' && fontDirsOf(context).length === 0

/** Only what is kept of an SVG is asked for. */
function instructions(candidate: Candidate, context: EncodeContext): string {
  const { width, height } = candidate.settings.size
  return [
    'You draw pictures by writing SVG. Answer with one complete SVG document and nothing else.',
    `The picture is ${width} by ${height} pixels: use viewBox="0 0 ${width} ${height}" and fill it well.`,
    'Use only basic shapes, paths, groups, gradients, patterns, masks, clip paths and inline presentation attributes.',
    'No scripts, links, filters, animations, foreign content, external files or style imports.',
    ...(candidate.settings.background === 'transparent' ? ['Leave the background transparent: draw no backdrop.'] : []),
    ...(candidate.settings.background === 'opaque' ? ['Fill the whole background.'] : []),
    ...(isDrawnWithoutFonts(candidate, context)
      ? ['There are no fonts: draw any lettering as paths instead of text elements.']
      : []),
    'Write compactly; the whole document has to stay under 7000 tokens.',
  ].join('\n')
}

function orderOf({ candidate: { settings }, encode }: DecodeContext) {
  const fontDirs = fontDirsOf(encode)
  return {
    size: settings.size,
    format: settings.format,
    ...(settings.background ? { background: settings.background } : {}),
    ...(fontDirs.length > 0 ? { fontDirs } : {}),
  }
}

function textWarnings(svg: string, { candidate, encode }: DecodeContext): readonly Warning[] {
  if (!/<text[\s>]/.test(svg) || !isDrawnWithoutFonts(candidate, encode)) return []
  return [{ code: 'text_not_drawn', message: 'The drawing has text and no folder of fonts is configured, so it was left out.' }]
}

const textOf = (content: JsonValue | undefined): string =>
  objectsOf(content)
    .filter((block) => block['type'] === 'text')
    .map((block) => asText(block['text']) ?? '')
    .join('')

/** The one document in the answer, with or without a fence and words around it; undefined when there is none that ends. */
function svgIn(text: string): string | undefined {
  const start = text.search(/<svg[\s>]/)
  const end = text.lastIndexOf('</svg>')
  return start === -1 || end < start ? undefined : text.slice(start, end + '</svg>'.length)
}

const billed = (code: 'provider_no_image' | 'content_refused', message: string, usage: Usage, stage?: 'after'): AttemptFailure =>
  failure(code, message, 'yes', { retryable: false, usage, ...(stage ? { stage } : {}) })

/** Tokens are billed however the answer ended. */
function problemOf(answer: JsonObject, usage: Usage): AttemptFailure | undefined {
  switch (answer['stop_reason']) {
    case 'refusal': {
      const why = asText(asObject(answer['stop_details'])?.['explanation'])
      return billed('content_refused', `The provider refused the content${why ? `: ${why.slice(0, 300)}` : '.'}`, usage, 'after')
    }
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return billed(
        'provider_no_image',
        'The drawing did not fit into the tokens of one answer; ask for something simpler.',
        usage,
      )
    default:
      return undefined
  }
}

// Thinking is part of what was put out.
const KNOWN_USAGE = new Set(['input_tokens', 'cache_read_input_tokens', 'output_tokens', 'output_tokens_details.thinking_tokens'])

/** Cache writes have no rate, because nothing here asks for them; a count all the same is told. */
function consumption(usage: JsonObject | undefined): { readonly usage: Usage; readonly warnings: readonly Warning[] } {
  const [sent, cached, made] = ['input_tokens', 'cache_read_input_tokens', 'output_tokens'].map((name) => asCount(usage?.[name]))
  return {
    usage: {
      ...(sent === undefined ? {} : { 'tokens.text.in': wholeUnits(sent) }),
      ...(cached ? { 'tokens.text.in.cached': wholeUnits(cached) } : {}),
      ...(made === undefined ? {} : { 'tokens.text.out': wholeUnits(made) }),
    },
    warnings: unknownNumbers(usage, KNOWN_USAGE),
  }
}

/** Used up in words, whatever the status: credit (400), a spend limit of the account's own (400), that of its tier (429). */
const QUOTA = /credit balance is too low|specified (?:workspace )?API usage limits/i

function failureOf(response: ProviderResponse): AttemptFailure {
  const error = wireErrorOf(response)
  const body = response.body.kind === 'json' ? asObject(response.body.value) : undefined
  const detail = asObject(asObject(body?.['error'])?.['details'])?.['error_code']
  if (error.type === 'billing_error' || detail === 'enforced_spend_limit_reached' || QUOTA.test(error.message))
    return failure('provider_quota', `The provider account has no credit: ${error.message}`, 'no')
  return failureOfStatus(response, error)
}
