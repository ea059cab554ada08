import { hex, lighten, mix } from '../palette.ts'
import { type Canvas, type Layers, path, px, rect, skyWithLight } from '../svg.ts'

/** Rows of towers with lit windows before a big low light. */
export function city(canvas: Canvas): Layers {
  const { width, height, unit, palette, random, detail } = canvas
  const light = {
    x: width * random.between(0.25, 0.75),
    y: height * random.between(0.34, 0.5),
    radius: unit * random.between(0.12, 0.2),
  }
  const rows = detail > 0.5 ? 4 : 3
  const towers: string[] = []
  for (let row = 0; row < rows; row++) {
    const depth = row / (rows - 1)
    const tone = depth < 0.5 ? mix(palette.far, palette.main, depth * 2) : mix(palette.main, palette.near, depth * 2 - 1)
    const ground = height * (0.86 + 0.16 * depth)
    const size = unit * (0.07 + 0.05 * depth)
    for (let x = -size * random.next(); x < width; ) {
      const broad = size * random.between(0.8, 1.7)
      const middle = 1 - Math.abs((x + broad / 2) / width - 0.5)
      const tall = height * random.between(0.2, 0.5) * middle * (1.12 - 0.42 * depth) + size
      towers.push(
        tower(canvas, {
          x,
          top: ground - tall,
          broad,
          ground: height,
          tone: hex(lighten(tone, random.between(-4, 4))),
          lit: depth > 0.3,
        }),
      )
      x += broad * (row === rows - 1 ? random.between(1.02, 1.5) : 1.02)
    }
  }
  return { backdrop: skyWithLight(canvas, light), subject: towers.join('') }
}

interface Tower {
  readonly x: number
  readonly top: number
  readonly broad: number
  readonly ground: number
  readonly tone: string
  readonly lit: boolean
}

function tower(canvas: Canvas, { x, top, broad, ground, tone, lit }: Tower): string {
  const { random, palette } = canvas
  const roof = random.pick(['flat', 'flat', 'step', 'spire', 'slope'])
  const step = broad * 0.22
  const tops: Readonly<Record<string, string>> = {
    flat: '',
    step: `M${px(x + step)} ${px(top + 1)}v${px(-step)}h${px(broad - step * 2)}v${px(step)}Z`,
    spire: `M${px(x + broad * 0.44)} ${px(top + 1)}L${px(x + broad / 2)} ${px(top - broad * 0.9)}L${px(x + broad * 0.56)} ${px(top + 1)}Z`,
    slope: `M${px(x)} ${px(top + 1)}L${px(x + broad)} ${px(top - broad * 0.4)}V${px(top + 1)}Z`,
  }
  const body = rect(x, top, broad, ground - top, tone) + path(tops[roof] ?? '', tone)
  return lit ? body + windows(canvas, { x, top, broad, ground, tone, lit }, hex(palette.light), hex(palette.accent)) : body
}

function windows({ random, unit, detail }: Canvas, { x, top, broad, ground }: Tower, warm: string, accent: string): string {
  const pitch = unit * (0.026 - 0.006 * detail)
  const columns = Math.max(1, Math.floor(broad / pitch) - 1)
  const left = x + (broad - (columns - 0.45) * pitch) / 2
  const lit: Record<string, string> = { warm: '', accent: '' }
  for (let y = top + pitch; y < ground; y += pitch * 1.5) {
    for (let column = 0; column < columns; column++) {
      if (!random.chance(0.42)) continue
      const ink = random.chance(0.82) ? 'warm' : 'accent'
      lit[ink] += `M${px(left + column * pitch)} ${px(y)}h${px(pitch * 0.5)}v${px(pitch * 0.8)}h${px(-pitch * 0.5)}Z`
    }
  }
  return path(lit['warm'] ?? '', warm) + path(lit['accent'] ?? '', accent)
}
