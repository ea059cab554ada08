/** SVG of a stranger as SVG that does nothing but draw, in bounded work. */
import { formatSize, type Size } from '../../core/request.ts'
import { readImageHeader } from '../../net/image-header.ts'
import { allowedAttributes, allowedElements, gradientElements, resourceElements } from './allowed.ts'
import { invalidSvg, parseSvg, type SvgElement } from './tree.ts'

/** Elements after every `use` is written out. */
const MAX_EXPANDED = 20_000
const MAX_IMAGE_CHARS = 128 * 1024
const MAX_IMAGE_EDGE = 2048
/** A dash finer than this makes work without being seen. */
const MIN_DASH = 0.5

const RASTER_URL = /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]+$/
const LOCAL_REFERENCE = /^#[^\s"'()<>]+$/

/** The same picture at exactly this size, its own shape kept. Throws `provider_invalid_response`. */
export function sanitizeSvg(text: string, size: Size): string {
  const root = parseSvg(text)
  const ids = new Map<string, SvgElement>()
  collectIds(root, ids)
  const state: State = { ids, expanded: 0 }
  const inner = root.children.map((child) => writeChild(child, state, { insideResource: false })).join('')
  const attributes = keptAttributes(root, state, { insideResource: false }).filter(([name]) => !sizing.has(name))
  const all: readonly (readonly [string, string])[] = [
    ['xmlns', 'http://www.w3.org/2000/svg'],
    ['xmlns:xlink', 'http://www.w3.org/1999/xlink'],
    ['width', String(size.width)],
    ['height', String(size.height)],
    ['viewBox', viewBoxOf(root, size)],
    ...attributes,
  ]
  return `<svg${all.map(attributeText).join('')}>${inner}</svg>`
}

const sizing: ReadonlySet<string> = new Set(['width', 'height', 'viewBox', 'x', 'y', 'preserveAspectRatio'])

interface State {
  readonly ids: ReadonlyMap<string, SvgElement>
  expanded: number
}

interface Place {
  /** What is drawn once for each thing that refers to it may itself refer to gradients only, or work would multiply. */
  readonly insideResource: boolean
}

function collectIds(element: SvgElement, ids: Map<string, SvgElement>): void {
  const id = element.attributes.get('id')
  if (id !== undefined && !ids.has(id)) ids.set(id, element)
  for (const child of element.children) if (typeof child !== 'string') collectIds(child, ids)
}

function viewBoxOf({ attributes }: SvgElement, size: Size): string {
  const own =
    attributes
      .get('viewBox')
      ?.trim()
      .split(/[\s,]+/)
      .map(Number) ?? []
  if (own.length === 4 && own.every(Number.isFinite) && (own[2] ?? 0) > 0 && (own[3] ?? 0) > 0) return own.join(' ')
  const [width, height] = ['width', 'height'].map((name) => Number.parseFloat(attributes.get(name) ?? ''))
  const isStated = /^[\d.\s]+(?:px)?\s*$/.test(attributes.get('width') ?? '') && Number(width) > 0 && Number(height) > 0
  return isStated ? `0 0 ${width} ${height}` : `0 0 ${formatSize(size).replace('x', ' ')}`
}

function writeChild(child: SvgElement | string, state: State, place: Place): string {
  return typeof child === 'string' ? escaped(child) : writeElement(child, state, place)
}

function writeElement(element: SvgElement, state: State, place: Place): string {
  const { name, children } = element
  if (!allowedElements.has(name)) return ''
  if (++state.expanded > MAX_EXPANDED) throw invalidSvg('The SVG repeats too much of itself.')
  if (name === 'style') return styleElement(children)
  if (name === 'use' && !mayUse(element, state, place)) return ''
  if (name === 'image' && !isSmallPicture(referenceOf(element) ?? '')) return ''
  const inside = place.insideResource || resourceElements.has(name) ? { insideResource: true } : place
  const inner = children.map((each) => writeChild(each, state, inside)).join('')
  const attributes = keptAttributes(element, state, place).map(attributeText).join('')
  return inner === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inner}</${name}>`
}

/** A copy of something that copies nothing itself; counted with all that it draws. */
function mayUse(element: SvgElement, state: State, place: Place): boolean {
  const target = state.ids.get(referenceOf(element)?.slice(1) ?? '')
  if (!target || place.insideResource || target.name === 'svg') return false
  const drawn = subtree(target)
  if (drawn.some((each) => each.name === 'use' || refersToResource(each, state))) return false
  state.expanded += drawn.length
  return true
}

const subtree = (element: SvgElement): SvgElement[] => [
  element,
  ...element.children.flatMap((child) => (typeof child === 'string' ? [] : subtree(child))),
]

const referenceOf = ({ attributes }: SvgElement): string | undefined =>
  (attributes.get('href') ?? attributes.get('xlink:href'))?.trim()

/** By its text and by what its header announces: a small file may unpack to a large picture. */
function isSmallPicture(url: string): boolean {
  if (url.length > MAX_IMAGE_CHARS || !RASTER_URL.test(url)) return false
  const header = readImageHeader(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'))
  return header !== undefined && header.width <= MAX_IMAGE_EDGE && header.height <= MAX_IMAGE_EDGE
}

const isGradient = (id: string, { ids }: State): boolean => gradientElements.has(ids.get(id)?.name ?? '')

function refersToResource({ attributes }: SvgElement, state: State): boolean {
  return [...attributes.values()].some((value) => referencesIn(value).some((id) => !isGradient(id, state)))
}

/** Ids in `url(#id)`. */
const referencesIn = (value: string): string[] => Array.from(value.matchAll(/url\(\s*['"]?#([^)'"\s]+)/g), ([, id = '']) => id)

function keptAttributes(element: SvgElement, state: State, place: Place): (readonly [string, string])[] {
  return [...element.attributes].filter(([name, value]) => {
    if (!allowedAttributes.has(name)) return false
    if (name === 'href' || name === 'xlink:href') return isAllowedReference(element, value.trim(), state)
    if (!isHarmlessText(value)) return false
    if (name === 'stroke-dasharray' || name === 'style') if (!hasCoarseDashes(value)) return false
    return !place.insideResource || referencesIn(value).every((id) => isGradient(id, state))
  })
}

function isAllowedReference({ name }: SvgElement, value: string, state: State): boolean {
  if (name === 'image') return true
  if (!LOCAL_REFERENCE.test(value)) return false
  if (name === 'use') return true
  // Gradients may take their stops from one that has its own.
  const target = state.ids.get(value.slice(1))
  return (
    gradientElements.has(name) && target !== undefined && gradientElements.has(target.name) && referenceOf(target) === undefined
  )
}

/** No reference out of the picture, nothing that hides one, and no code. */
const isHarmlessText = (value: string): boolean =>
  !/\\|@|javascript:|expression\s*\(/i.test(value) &&
  Array.from(value.matchAll(/url\(([^)]*)/gi)).every(([, inner = '']) =>
    LOCAL_REFERENCE.test(inner.trim().replace(/^['"]|['"]$/g, '')),
  )

function hasCoarseDashes(value: string): boolean {
  const dashes = /stroke-dasharray\s*:\s*([^;]*)/i.exec(value)?.[1] ?? (value.includes(':') ? '' : value)
  return dashes
    .split(/[\s,]+/)
    .every((dash) => !/\d/.test(dash) || Number.parseFloat(dash) === 0 || Number.parseFloat(dash) >= MIN_DASH)
}

/** Classes with plain rules are kept; a sheet that imports, escapes or refers to anything outside is left out whole. */
function styleElement(children: readonly (SvgElement | string)[]): string {
  const css = children.filter((child) => typeof child === 'string').join('')
  return isHarmlessText(css) && hasCoarseDashes(css) && !/url\(/i.test(css) ? `<style>${escaped(css)}</style>` : ''
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string => text.replace(/[&<>"]/g, (char) => escapes[char] ?? char)
const attributeText = ([name, value]: readonly [string, string]): string => ` ${name}="${escaped(value)}"`
