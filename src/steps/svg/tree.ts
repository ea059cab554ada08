/** SVG text as a tree of bounded size. Entities are not expanded, and a document type is not read. */
import { SaxesParser } from 'saxes'
import { HalftoneError } from '../../core/error.ts'

export interface SvgElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: (SvgElement | string)[]
}

const MAX_SVG_BYTES = 512 * 1024
const MAX_ELEMENTS = 5_000
const MAX_DEPTH = 32

export const invalidSvg = (message: string, cause?: unknown): HalftoneError =>
  new HalftoneError('provider_invalid_response', message, cause === undefined ? {} : { cause })

/** Throws `provider_invalid_response` for what is not well-formed, too large, too deep, or no SVG. */
export function parseSvg(text: string): SvgElement {
  if (Buffer.byteLength(text) > MAX_SVG_BYTES) throw invalidSvg('The SVG is too large.')
  const parser = new SaxesParser({ xmlns: false })
  const open: SvgElement[] = []
  let root: SvgElement | undefined
  let count = 0
  parser.on('error', (cause) => {
    throw invalidSvg('The SVG is not well-formed.', cause)
  })
  parser.on('opentag', ({ name, attributes }) => {
    if (++count > MAX_ELEMENTS) throw invalidSvg(`The SVG has more than ${MAX_ELEMENTS} elements.`)
    if (open.length >= MAX_DEPTH) throw invalidSvg(`The SVG is nested deeper than ${MAX_DEPTH} elements.`)
    // A prefix for the namespace of SVG is as rare as it is legal; such elements are not known, and so are left out.
    const element: SvgElement = { name, attributes: new Map(Object.entries(attributes)), children: [] }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => open.pop())
  parser.on('text', (chars) => open.at(-1)?.children.push(chars))
  parser.on('cdata', (chars) => open.at(-1)?.children.push(chars))
  parser.write(text).close()
  if (root?.name !== 'svg') throw invalidSvg('The text is no SVG.')
  return root
}
