import { type Colour, hex, lighten, mix } from '../palette.ts'
import { type Canvas, circle, ellipse, type Layers, path, px, rect } from '../svg.ts'

/** A vessel and fruit on a table before an arch: the scene for products and objects. */
export function stillLife(canvas: Canvas): Layers {
  const { width, height, unit, palette, random, detail } = canvas
  const table = height * random.between(0.7, 0.76)
  const wall = canvas.gradient([
    { at: 0, colour: mix(palette.sky[0], palette.sky[1], 0.4) },
    { at: 1, colour: palette.sky[1] },
  ])
  const arch = unit * random.between(0.3, 0.36)
  const archX = width * random.between(0.4, 0.6)
  const archTop = table - arch * random.between(1.1, 1.5)
  const backdrop = [
    rect(0, 0, width, height, wall),
    path(
      `M${px(archX - arch)} ${px(table)}V${px(archTop)}A${px(arch)} ${px(arch)} 0 0 1 ${px(archX + arch)} ${px(archTop)}V${px(table)}Z`,
      hex(mix(palette.accent, palette.light, 0.35)),
    ),
    rect(
      0,
      table,
      width,
      height - table,
      canvas.gradient([
        { at: 0, colour: lighten(palette.near, 24) },
        { at: 1, colour: lighten(palette.near, 8) },
      ]),
    ),
  ]
  const foot = table + height * 0.1
  const x = width * random.between(0.44, 0.56)
  const fruits = Array.from({ length: Math.round(3 + 3 * detail) }, (_, index) => {
    const side = index % 2 === 0 ? 1 : -1
    const radius = unit * random.between(0.05, 0.085)
    return fruit(
      canvas,
      x + side * unit * (0.2 + 0.07 * index),
      foot + unit * random.between(-0.01, 0.07),
      radius,
      index % 2 ? palette.main : palette.accent,
    )
  })
  return { backdrop: backdrop.join(''), subject: vessel(canvas, x, foot) + fruits.join('') }
}

/** A turned body: a random profile mirrored at its axis, lit from the left. */
function vessel(canvas: Canvas, x: number, foot: number): string {
  const { unit, palette, random } = canvas
  const tall = unit * random.between(0.42, 0.52)
  const belly = unit * random.between(0.12, 0.2)
  const neck = belly * random.between(0.25, 0.75)
  const lip = neck * random.between(1.05, 1.5)
  const base = belly * random.between(0.45, 0.8)
  const at = random.between(0.3, 0.6)
  const side = (sign: number): string =>
    `C${px(x + sign * belly * 1.35)} ${px(foot - tall * at * 0.5)} ${px(x + sign * belly * 1.25)} ${px(foot - tall * (at + 0.15))} ${px(x + sign * neck)} ${px(foot - tall * 0.8)}Q${px(x + sign * neck * 0.9)} ${px(foot - tall * 0.92)} ${px(x + sign * lip)} ${px(foot - tall)}`
  const right = `M${px(x)} ${px(foot)}L${px(x + base)} ${px(foot)}${side(1)}L${px(x)} ${px(foot - tall)}Z`
  const left = `M${px(x)} ${px(foot)}L${px(x - base)} ${px(foot)}${side(-1)}L${px(x)} ${px(foot - tall)}Z`
  const shades = { light: lighten(palette.main, 22), main: palette.main, dark: lighten(mix(palette.main, palette.near, 0.7), -2) }
  const shine = canvas.gradient(
    [
      { at: 0, colour: shades.main },
      { at: 0.45, colour: shades.light },
      { at: 1, colour: shades.main },
    ],
    'across',
  )
  const shade = canvas.gradient(
    [
      { at: 0, colour: shades.main },
      { at: 1, colour: shades.dark },
    ],
    'across',
  )
  const stripes = Array.from({ length: random.integer(1, 3) }, (_, index) =>
    ellipse(x, foot - tall * (0.28 + 0.11 * index), belly * 0.86, unit * 0.006, hex(index % 2 ? palette.light : palette.accent)),
  )
  return [
    shadow(x + belly * 0.7, foot, belly * 1.7, unit * 0.022),
    path(left, shine),
    path(right, shade),
    stripes.join(''),
    ellipse(x, foot - tall, lip, lip * 0.2, hex(lighten(palette.near, -6))),
  ].join('')
}

function fruit(canvas: Canvas, x: number, y: number, radius: number, colour: Colour): string {
  const fill = canvas.gradient([
    { at: 0, colour: lighten(colour, 18) },
    { at: 0.6, colour },
    { at: 1, colour: lighten(colour, -22) },
  ])
  const leafTone = hex({ h: 128, s: 38, l: 34 })
  return [
    shadow(x + radius * 0.4, y + radius * 0.92, radius * 1.25, radius * 0.24),
    circle(x, y, radius, fill),
    ellipse(x - radius * 0.35, y - radius * 0.42, radius * 0.22, radius * 0.13, hex(canvas.palette.light), -35),
    ellipse(x + radius * 0.3, y - radius * 1.02, radius * 0.34, radius * 0.14, leafTone, -28),
  ].join('')
}

const shadow = (x: number, y: number, rx: number, ry: number): string =>
  `<g opacity="0.35">${ellipse(x, y, rx, ry, '#101018')}</g>`
