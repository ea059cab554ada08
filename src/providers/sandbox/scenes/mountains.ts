import { hex, lighten, mix } from '../palette.ts'
import { type Canvas, type Layers, line, path, px, ridge, skyWithLight } from '../svg.ts'

/** Ridge behind ridge, paler with distance, trees on the nearest. */
export function mountains(canvas: Canvas): Layers {
  const { width, height, unit, palette, random, detail } = canvas
  const horizon = height * random.between(0.42, 0.5)
  const light = {
    x: width * random.between(0.2, 0.8),
    y: horizon - height * random.between(0.06, 0.24),
    radius: unit * random.between(0.05, 0.11),
  }
  const count = Math.round(4 + 3 * detail)
  const layers: string[] = []
  for (let index = 0; index < count; index++) {
    const depth = index / (count - 1)
    const colour = depth < 0.5 ? mix(palette.far, palette.main, depth * 2) : mix(palette.main, palette.near, depth * 2 - 1)
    const fill = canvas.gradient([
      { at: 0, colour: lighten(colour, 5) },
      { at: 1, colour: lighten(colour, depth < 0.6 ? 16 : -4) },
    ])
    const base = horizon + (height - horizon) * depth ** 1.2 * 0.82
    layers.push(path(ridge(canvas, base, 0.5 - 0.36 * depth, 0.5 + 0.06 * depth), fill))
  }
  return { backdrop: skyWithLight(canvas, light) + birds(canvas, light), subject: layers.join('') + trees(canvas) }
}

function birds({ unit, palette, random }: Canvas, light: { x: number; y: number }): string {
  return Array.from({ length: random.integer(0, 5) }, () => {
    const span = unit * random.between(0.012, 0.022)
    const x = light.x + unit * random.between(-0.28, 0.28)
    const y = light.y - unit * random.between(0.02, 0.2)
    const wings = `M${px(x - span)} ${px(y - span * 0.35)}Q${px(x - span * 0.4)} ${px(y - span * 0.5)} ${px(x)} ${px(y)}Q${px(x + span * 0.4)} ${px(y - span * 0.5)} ${px(x + span)} ${px(y - span * 0.35)}`
    return line(wings, hex(palette.near), unit * 0.003)
  }).join('')
}

function trees({ width, height, unit, palette, random, detail }: Canvas): string {
  const fill = hex(lighten(palette.near, -6))
  const count = Math.round((width / unit) * (14 + 26 * detail))
  return Array.from({ length: count }, () => {
    const x = random.between(-0.02, 1.02) * width
    const foot = height * random.between(0.97, 1.04)
    const tall = unit * random.between(0.07, 0.17) * (0.55 + Math.abs(x / width - 0.5))
    const tiers = [0, 1, 2].map((tier) => {
      const top = foot - tall + tall * 0.24 * tier
      const half = tall * (0.12 + 0.07 * tier)
      return `M${px(x)} ${px(top)}L${px(x + half)} ${px(top + tall * 0.42)}L${px(x - half)} ${px(top + tall * 0.42)}Z`
    })
    return path(
      `${tiers.join('')}M${px(x - tall * 0.03)} ${px(foot - tall * 0.2)}h${px(tall * 0.06)}v${px(tall * 0.3)}h${px(-tall * 0.06)}Z`,
      fill,
    )
  }).join('')
}
