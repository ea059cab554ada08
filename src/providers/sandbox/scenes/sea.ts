import { hex, lighten, mix } from '../palette.ts'
import { type Canvas, circle, ellipse, type Layers, path, px, skyWithLight } from '../svg.ts'

/** A sun over rows of swell, its glitter on the water, one sailing boat. */
export function sea(canvas: Canvas): Layers {
  const { width, height, unit, palette, random, detail } = canvas
  const horizon = height * random.between(0.44, 0.56)
  const radius = unit * random.between(0.1, 0.17)
  const light = { x: width * random.between(0.3, 0.7), y: horizon - radius * random.between(0.2, 1.2), radius }
  const rows = Math.round(7 + 7 * detail)
  const water: string[] = []
  const boatRow = random.integer(2, 3)
  for (let row = 0; row < rows; row++) {
    const depth = row / (rows - 1)
    const y = horizon + (height - horizon) * depth ** 1.5 * 0.94
    const tone = depth < 0.5 ? mix(palette.far, palette.main, depth * 2) : mix(palette.main, palette.near, depth * 2 - 1)
    const fill = canvas.gradient([
      { at: 0, colour: lighten(tone, 9) },
      { at: 0.3, colour: tone },
    ])
    water.push(
      path(
        `${swell(canvas, y, unit * (0.004 + 0.03 * depth), unit * (0.1 + 0.3 * depth))}L${px(width)} ${px(height)}L0 ${px(height)}Z`,
        fill,
      ),
    )
    water.push(glitter(canvas, light.x, y + unit * 0.006, radius * (0.7 + depth), depth))
    if (row === boatRow) water.push(boat(canvas, y, light.x))
  }
  return { backdrop: skyWithLight(canvas, light) + clouds(canvas, horizon), subject: water.join('') }
}

function swell({ width, random }: Canvas, y: number, amplitude: number, length: number): string {
  let x = -random.between(0, 1) * length
  let data = `M0 ${px(y + amplitude * 2)}L${px(x)} ${px(y)}`
  while (x < width) {
    data += `q${px(length / 4)} ${px(-amplitude)} ${px(length / 2)} 0t${px(length / 2)} 0`
    x += length
  }
  return data
}

function glitter({ unit, palette, random }: Canvas, x: number, y: number, reach: number, depth: number): string {
  return Array.from({ length: 4 }, () => {
    const half = reach * random.between(0.1, 0.45)
    const middle = x + reach * random.between(-0.7, 0.7)
    return ellipse(middle, y + unit * 0.02 * depth * random.next(), half, unit * (0.0015 + 0.004 * depth), hex(palette.light))
  }).join('')
}

function clouds({ width, unit, palette, random }: Canvas, horizon: number): string {
  const fill = hex(lighten(palette.sky[1], 5))
  return Array.from({ length: random.integer(2, 4) }, () => {
    const x = width * random.next()
    const y = horizon * random.between(0.12, 0.7)
    const size = unit * random.between(0.04, 0.08)
    const puffs = [-1.6, -0.7, 0.2, 1.1].map((at) =>
      circle(x + at * size, y - size * random.between(0, 0.4), size * random.between(0.5, 0.9), fill),
    )
    return `<g opacity="0.75">${puffs.join('')}${ellipse(x, y + size * 0.25, size * 2.8, size * 0.42, fill)}</g>`
  }).join('')
}

function boat({ width, unit, palette, random }: Canvas, y: number, lightX: number): string {
  const size = unit * random.between(0.1, 0.17)
  const x = lightX > width / 2 ? lightX - unit * random.between(0.2, 0.34) : lightX + unit * random.between(0.2, 0.34)
  const hull = `M${px(x - size * 0.55)} ${px(y - size * 0.1)}L${px(x + size * 0.6)} ${px(y - size * 0.1)}Q${px(x + size * 0.45)} ${px(y + size * 0.18)} ${px(x + size * 0.2)} ${px(y + size * 0.18)}L${px(x - size * 0.3)} ${px(y + size * 0.18)}Z`
  const mainSail = `M${px(x)} ${px(y - size * 1.35)}Q${px(x + size * 0.66)} ${px(y - size * 0.6)} ${px(x + size * 0.52)} ${px(y - size * 0.17)}L${px(x)} ${px(y - size * 0.17)}Z`
  const jib = `M${px(x - size * 0.05)} ${px(y - size * 1.2)}L${px(x - size * 0.05)} ${px(y - size * 0.17)}L${px(x - size * 0.5)} ${px(y - size * 0.17)}Z`
  return path(hull, hex(palette.near)) + path(mainSail, hex(palette.accent)) + path(jib, hex(lighten(palette.light, -4)))
}
