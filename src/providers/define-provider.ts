/**
 * What a provider's file states. A codec is data and pure functions: it never fetches, waits or sees image bytes. The engine
 * runs it; `createCodecProvider` makes it a `Provider`.
 */
import type { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Offer, Warning } from '../core/offer.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import type { ImageInput, ImageRequest } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import type { SvgDrawing } from '../ports/draw-svg.ts'
import type { ProbeResult } from '../ports/provider.ts'
import type { ModelConfig, ProviderConfig } from './provider-config.ts'

/** One HTTP call, fully described and without a byte of image data. */
export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /**
   * Appended to the configured base URL; or an absolute URL out of an answer, which gets the account's credentials only on
   * the configured host.
   */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: CallBody
  /**
   * `image`: the answer's body is itself the image, referred to as body 0. `json-file`: a file whose content is one JSON value, whatever
   * type a success declares.
   */
  readonly accept: 'json' | 'image' | 'json-file'
  /** The answer is a stream of server-sent events. */
  readonly stream: boolean
  /** False: nobody bills this call, as uploads and look-ups; so its failure is not billed, if none before it was. */
  readonly spends?: false
}

export type CallBody =
  | { readonly kind: 'none' }
  /** Values made by `inputReference` become base64 while the body is sent. */
  | { readonly kind: 'json'; readonly value: JsonObject }
  /** For APIs that take several tasks in one call. */
  | { readonly kind: 'json-list'; readonly value: readonly JsonObject[] }
  | { readonly kind: 'multipart'; readonly parts: readonly MultipartPart[] }

export type MultipartPart =
  | {
      readonly kind: 'field'
      readonly name: string
      readonly value: string
      /** Of a value that is a document of its own: it is sent as a file. */
      readonly mediaType?: 'application/json'
    }
  /** A file that is one JSON value; inputs in it become base64 as in a JSON body. */
  | { readonly kind: 'document'; readonly name: string; readonly filename: string; readonly value: JsonObject }
  | {
      readonly kind: 'file'
      readonly name: string
      readonly input: ImageInput
      readonly filename: string
      readonly transform?: MaskTransform
    }

/**
 * For APIs whose masks are black and white: the alpha channel of ours becomes a grey PNG in which this colour is edited. `hard`
 * leaves no grey: what is less than half opaque is edited.
 */
export type MaskTransform = `${'white' | 'black'}-is-edit${'' | '-hard'}`

/** Stands for an input image inside a JSON body; `dataUrl` puts `data:<type>;base64,` before the bytes. */
export const inputReference = (
  inputIndex: number,
  { dataUrl, transform }: { readonly dataUrl: boolean; readonly transform?: MaskTransform },
): JsonObject => ({ $input: inputIndex, dataUrl, ...(transform ? { transform } : {}) })

export interface Encoded {
  readonly call: HttpCall
  readonly warnings: readonly Warning[]
  /** For `decode` of this call's answer, when the call is not the only one. */
  readonly state?: JsonValue
  /** Ends the work where the answer itself is awaited: sent when the client leaves or the time is up while the call runs. */
  readonly cancel?: HttpCall
}

/** What an account knows besides the request; fixed while the attempt lasts. */
export interface EncodeContext {
  readonly attemptId: string
  /** `providers.<name>.options`; empty when there are none. */
  readonly options: JsonObject
  /** Where the provider may call when a job has ended; absent: nobody can reach us. What it says is only a hint to ask at once. */
  readonly webhookUrl?: string
}

/** An answer as a codec sees it: images are `{"$body": k}` in the skeleton. Of an answer in parts the skeleton has their names. */
export interface ProviderResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: ResponseContent
}

export type ResponseContent =
  | { readonly kind: 'json'; readonly value: JsonValue }
  /** Not JSON; the first part only, and only of error answers. */
  | { readonly kind: 'text'; readonly text: string; readonly isHtml: boolean }
  /** The body is an image: reference it as body 0. */
  | { readonly kind: 'image' }
  | { readonly kind: 'empty' }

export interface ProviderEvent {
  /** From the `event:` line. */
  readonly name?: string
  readonly value: JsonValue
}

/** Where an image is: cut out of the answer, or behind a URL that the engine fetches. */
export type ImageSource =
  | { readonly body: number }
  | { readonly url: string }
  /** Behind a call to the account's own host, with its credentials; `accept` is `image`. */
  | { readonly call: HttpCall }
  /** Written as text: the engine makes it safe and draws it where pixels are wanted. */
  | { readonly drawing: SvgDrawing }

export interface DecodedImage {
  readonly source: ImageSource
  readonly revisedPrompt?: string
  readonly seed?: number
}

export interface Done {
  readonly kind: 'done'
  /** May be empty: the engine turns that into a failure that carries the usage. */
  readonly images: readonly DecodedImage[]
  readonly usage?: Usage
  readonly reportedCost?: ReportedCost
  /** Items that failed while others succeeded. */
  readonly failures?: readonly AttemptFailure[]
  readonly warnings?: readonly Warning[]
  /** A call that spends nothing and tells what this one cost; read by `decodeBill`. Without an answer the rest stands. */
  readonly bill?: HttpCall
  /** Sent when the result had time to be put on record, and forgotten: deletes what the work left at the provider. */
  readonly tidy?: readonly HttpCall[]
}

/** What a call turned out to have cost, over what its answer said. */
export type Bill = Pick<Done, 'usage' | 'reportedCost'>

/** Accepted as a job. `jobId` and `poll` are stored before the first poll, so that a crash resumes instead of paying again. */
export interface Pending {
  readonly kind: 'pending'
  readonly jobId: string
  readonly poll: HttpCall
  readonly afterMs: number
  /**
   * Ends the job. Sent when the client leaves or the time is up, where cancelling stops the bill. Its answer may name the `next`
   * call, where it has to be found out first how the job stands.
   */
  readonly cancel?: HttpCall
  /** For `decode` of the answers to `poll`; stored with the job. */
  readonly state?: JsonValue
  /** How much is done, 0 to 1, where the answer says so. */
  readonly progress?: number
}

/** Another call belongs to this attempt: the next step after an upload, or the one that fetches the result of a finished job. */
export interface Next {
  readonly kind: 'next'
  readonly call: HttpCall
  /** For `decode` of its answer. */
  readonly state?: JsonValue
  /**
   * How to find out whether the call made a job: on record before it is sent, for a crash, and polled when nobody knows what became of
   * it.
   */
  readonly lookFor?: Pending
}

export interface Failed {
  readonly kind: 'failed'
  readonly failure: AttemptFailure
  /** The job itself failed, whatever the status of the answer that says so: it is not asked about again. */
  readonly isFinal?: boolean
  /** As of `Done`. */
  readonly tidy?: readonly HttpCall[]
}

export type Decoded = Done | Pending | Next | Failed

export type DecodedEvent =
  | { readonly kind: 'partial'; readonly index: number; readonly source: ImageSource }
  | Done
  | Failed
  | { readonly kind: 'ignored' }

export interface DecodeContext {
  readonly request: ImageRequest
  readonly candidate: Candidate
  /** Partial images received so far on this stream. */
  readonly partials: number
  /** What the call that is answered here was sent with: `state` of `encode`, `pending` or `next`. */
  readonly state?: JsonValue
  /** The answer is that to `cancel`, or to what it led to. */
  readonly isCancel?: true
  readonly encode: EncodeContext
}

export interface Probe {
  /** Must not spend. */
  readonly call: HttpCall
  readonly decode: (response: ProviderResponse) => ProbeResult
}

/** One call to the configured host before it is sent. */
export interface CallToAuthorize {
  readonly method: HttpCall['method']
  readonly url: URL
  /** Lower-case names, without credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** Hex; reads the body once more. */
  readonly bodySha256: () => Promise<string>
}

/** Credentials that are more than a fixed header: signatures, tokens that expire. */
export interface Authorizer {
  authorize(call: CallToAuthorize, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
}

export interface AuthorizerDeps {
  readonly nowUs: () => number
  /** A small JSON exchange with a fixed host of the provider, such as its token endpoint. Rejects unless the status is 200. */
  readonly postForm: (url: URL, form: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<JsonValue>
}

/** What the default root of an API may depend on. */
export type BaseUrlFacts = Pick<ProviderConfig, 'options' | 'region'>

export interface ProviderDefinition {
  /** The codec's id; also the price book's and the config's `type`. */
  readonly id: string
  /** Usual environment variables of the key, the first being the name to tell people; one that is set enables the provider. */
  readonly keyVariables?: readonly string[]
  /** A function where it depends on the account's options. Undefined: the configuration must name one. */
  readonly baseUrl?: string | ((config: BaseUrlFacts) => string)
  /** Header that carries the account's key; sent to the configured host (and `siblingHosts`) only. */
  readonly auth: (apiKey: string) => Readonly<Record<string, string>>
  /**
   * Matches whole names of hosts that are the same API as the configured one, such as its regions: a poll URL there gets the
   * credentials too, over https and as long as the configured host is one of them. No `g` flag.
   */
  readonly siblingHosts?: RegExp
  /** Instead of `auth`, for one key of the account. */
  readonly createAuthorizer?: (apiKey: string | undefined, config: ProviderConfig, deps: AuthorizerDeps) => Authorizer
  /** Checks `providers.<name>.options`; absent: the codec takes none. */
  readonly options?: z.ZodType
  /** False: works without a key, as self-hosted servers do. */
  readonly requiresKey: boolean
  readonly offers: (config: ProviderConfig) => readonly Offer[]
  /** Members of answers whose strings are images however short. */
  readonly bodyKeys: readonly string[]
  /** Pure. The request as sent to this candidate; sends exactly its settings. */
  readonly encode: (request: ImageRequest, candidate: Candidate, context: EncodeContext) => Encoded
  /** Pure. Never throws for what a provider may send. */
  readonly decode: (response: ProviderResponse, context: DecodeContext) => Decoded
  /** The answer to `bill`; undefined when it does not say yet. */
  readonly decodeBill?: (response: ProviderResponse) => Bill | undefined
  readonly decodeEvent?: (event: ProviderEvent, context: DecodeContext) => DecodedEvent
  readonly probe?: (config: ProviderConfig) => Probe
  /** What the account's host serves now, for servers whose models are not known beforehand. */
  readonly discover?: Discovery
  /** How much work waits at the account's host, for servers that queue. */
  readonly load?: LoadProbe
  /** A socket on which the host tells how jobs go. */
  readonly watch?: JobWatch
  /** How far the host is with the call it works on; undefined where that may be somebody else's. */
  readonly progress?: (context: EncodeContext) => ProgressProbe | undefined
  /** Calls the host works on at once, unless the configuration says otherwise: further ones wait here. Absent: any number. */
  readonly concurrency?: number
  /** Prompts and settings that the server writes into its pictures are taken out. */
  readonly stripsMetadata?: true
  /** What is true of the provider beyond its offers, for the generated reference. */
  readonly facts?: ProviderFacts
}

/** Must not spend. */
export interface Discovery {
  readonly call: HttpCall
  /** The models found; undefined when the answer is not understood. */
  readonly decode: (response: ProviderResponse) => readonly ModelConfig[] | undefined
}

/** Must not spend. */
export interface LoadProbe {
  readonly call: HttpCall
  /** Jobs that run or wait at the host, whoever sent them; undefined when the answer is not understood. */
  readonly decode: (response: ProviderResponse) => number | undefined
}

/** Only a hint to ask at once: a job is polled all the same, so a socket that breaks or says nothing costs time, not pictures. */
export interface JobWatch {
  /** Where the socket of one attempt is; appended to the base URL. */
  readonly path: (attemptId: string) => string
  /** Whether a message means that the job has ended. */
  readonly isEnd: (message: JsonValue, jobId: string) => boolean
  /** How much of the job is done by this message, 0 to 1; undefined: it says nothing of that. */
  readonly progressOf?: (message: JsonValue, jobId: string) => number | undefined
}

/** Must not spend. Asked about once a second while a call runs whose answer is awaited, and only when somebody wants to know. */
export interface ProgressProbe {
  readonly call: HttpCall
  /** How much is done, 0 to 1; undefined when the answer is not understood. */
  readonly decode: (response: ProviderResponse) => number | undefined
}

export interface ProviderFacts {
  /** Where the answer carries a billed amount or quantity, in one line; absent: nowhere. */
  readonly reportsCost?: string
  /** Whether refusals are billed, in one line with its source. */
  readonly refusals: string
  /** URL of the official documentation or specification the codec was written from. */
  readonly documentation: string
}

/** The root of the API where the configuration names none. */
export const ownBaseUrl = ({ baseUrl }: Pick<ProviderDefinition, 'baseUrl'>, config: BaseUrlFacts): string | undefined =>
  typeof baseUrl === 'function' ? baseUrl(config) : baseUrl

export const defineProvider = (definition: ProviderDefinition): ProviderDefinition => definition
