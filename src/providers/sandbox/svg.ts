/** The canvas scenes draw on: SVG fragments in a picture of `width` x `height` pixels. */
import { type Colour, hex, type Palette } from './palette.ts'
import type { Random } from './random.ts'

export interface Canvas {
  readonly width: number
  readonly height: number
  /** The shorter edge: what shapes are measured in. */
  readonly unit: number
  readonly palette: Palette
  readonly random: Random
  /** 0 coarse to 1 fine: how many layers, leaves and waves are drawn. */
  readonly detail: number
  /** Add a gradient and get the reference to it. */
  gradient(stops: readonly Stop[], form?: GradientForm): string
}

export interface Stop {
  readonly at: number
  readonly colour: Colour
  readonly opacity?: number
}

/** What a scene draws; a transparent picture has the subject alone. */
export interface Layers {
  readonly backdrop: string
  readonly subject: string
}

export type Scene = (canvas: Canvas) => Layers

export function createCanvas(base: Omit<Canvas, 'gradient' | 'unit'>): { canvas: Canvas; definitions(): string } {
  const gradients: string[] = []
  const canvas: Canvas = {
    ...base,
    unit: Math.min(base.width, base.height),
    gradient(stops, form = 'down') {
      const id = `g${gradients.length}`
      const body = stops.map(
        ({ at, colour, opacity = 1 }) => `<stop offset="${at}" stop-color="${hex(colour)}" stop-opacity="${opacity}"/>`,
      )
      const [tag, vector] = gradientForms[form]
      gradients.push(`<${tag} id="${id}"${vector}>${body.join('')}</${tag}>`)
      return `url(#${id})`
    },
  }
  return { canvas, definitions: () => `<defs>${gradients.join('')}</defs>` }
}

const gradientForms = {
  down: ['linearGradient', ' x1="0" y1="0" x2="0" y2="1"'],
  across: ['linearGradient', ''],
  radial: ['radialGradient', ''],
  /** Lit from the upper left. */
  ball: ['radialGradient', ' cx="0.34" cy="0.3" r="0.8"'],
} as const
type GradientForm = keyof typeof gradientForms

/** Pixels with one decimal: enough for the eye, short for the parser. */
export const px = (value: number): string => String(Math.round(value * 10) / 10)

export const rect = (x: number, y: number, width: number, height: number, fill: string): string =>
  `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}"/>`

export const circle = (x: number, y: number, radius: number, fill: string): string =>
  `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radius)}" fill="${fill}"/>`

export const ellipse = (x: number, y: number, rx: number, ry: number, fill: string, turn = 0): string =>
  `<ellipse cx="${px(x)}" cy="${px(y)}" rx="${px(rx)}" ry="${px(ry)}" fill="${fill}"${turn ? ` transform="rotate(${px(turn)} ${px(x)} ${px(y)})"` : ''}/>`

export const path = (data: string, fill: string): string => `<path d="${data}" fill="${fill}"/>`

export const line = (data: string, stroke: string, width: number, opacity = 1): string =>
  `<path d="${data}" fill="none" stroke="${stroke}" stroke-width="${px(width)}" stroke-linecap="round" stroke-opacity="${opacity}"/>`

/** The sky every scene may start from: a gradient and a light with its glow. */
export function skyWithLight(canvas: Canvas, light: { x: number; y: number; radius: number }): string {
  const { width, height, palette } = canvas
  const glow = canvas.gradient(
    [
      { at: 0, colour: palette.light, opacity: 0.85 },
      { at: 0.35, colour: palette.light, opacity: 0.3 },
      { at: 1, colour: palette.light, opacity: 0 },
    ],
    'radial',
  )
  const sky = canvas.gradient([
    { at: 0, colour: palette.sky[0] },
    { at: 0.72, colour: palette.sky[1] },
    { at: 1, colour: palette.sky[1] },
  ])
  return [
    rect(0, 0, width, height, sky),
    stars(canvas),
    circle(light.x, light.y, light.radius * 3.6, glow),
    circle(light.x, light.y, light.radius, hex(palette.light)),
  ].join('')
}

function stars({ width, height, palette, random, unit, detail }: Canvas): string {
  if (palette.sky[0].l > 20) return ''
  const count = Math.round(30 + 70 * detail)
  return Array.from({ length: count }, () =>
    circle(random.between(0, width), random.between(0, height * 0.6), unit * random.between(0.0012, 0.004), hex(palette.light)),
  ).join('')
}

/**
 * A ridge from left to right: midpoint displacement, `roughness` as a share of the height, closed at the bottom edge.
 */
export function ridge(canvas: Canvas, base: number, roughness: number, decay: number): string {
  const { width, height, random } = canvas
  const points = displaced(random, roughness * height, decay, 6)
  const step = width / (points.length - 1)
  const outline = points.map((offset, index) => `${px(index * step)} ${px(base + offset)}`)
  return `M0 ${px(height)}L${outline.join('L')}L${px(width)} ${px(height)}Z`
}

function displaced(random: Random, amplitude: number, decay: number, rounds: number): number[] {
  let points = [random.between(-0.5, 0.5) * amplitude, random.between(-0.5, 0.5) * amplitude]
  let reach = amplitude
  for (let round = 0; round < rounds; round++) {
    const next: number[] = []
    for (const [index, point] of points.entries()) {
      next.push(point)
      const following = points[index + 1]
      if (following !== undefined) next.push((point + following) / 2 + random.between(-0.5, 0.5) * reach)
    }
    points = next
    reach *= decay
  }
  return points
}
