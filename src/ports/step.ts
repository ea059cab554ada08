/** A local post-processing step on image bytes. */
import type { OutputFormat, Size } from '../core/request.ts'
import type { Spool, SpooledBody } from './blob-store.ts'

export interface Step<Options> {
  readonly id: string
  run(input: StepInput, options: Options, io: { readonly spool: Spool; readonly signal: AbortSignal }): Promise<StepOutput>
}
export interface StepInput {
  readonly body: SpooledBody
  readonly mediaType: string
}
export interface StepOutput {
  readonly body: SpooledBody
  readonly format: OutputFormat
  readonly size: Size
}
