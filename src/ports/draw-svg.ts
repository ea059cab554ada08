/** Pictures that are written as SVG text by a model nobody controls. */
import type { Background, OutputFormat, Size } from '../core/request.ts'
import type { Spool, SpooledBody } from './blob-store.ts'

export interface SvgDrawing {
  readonly svg: string
  readonly size: Size
  /** `svg` keeps the text, made safe; anything else is drawn. */
  readonly format: OutputFormat
  readonly background?: Background
  /** Folders of fonts for the drawing; without any its text is left out, for the fonts of the machine are nobody's choice. */
  readonly fontDirs?: readonly string[]
}

/**
 * Make it safe and, where pixels are asked for, draw it; bounded in time and size. Throws `provider_invalid_response` for text
 * that is no SVG, or more of it than is drawn.
 */
export type DrawSvg = (drawing: SvgDrawing, io: { readonly spool: Spool; readonly signal: AbortSignal }) => Promise<SpooledBody>
