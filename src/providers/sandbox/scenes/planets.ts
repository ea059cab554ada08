import { hex, lighten, mix } from '../palette.ts'
import { type Canvas, circle, ellipse, type Layers, line, px, rect } from '../svg.ts'

/** Spheres, orbits and arcs: the scene for everything abstract. */
export function planets(canvas: Canvas): Layers {
  const { width, height, unit, palette, random, detail } = canvas
  const ground = canvas.gradient([
    { at: 0, colour: palette.sky[0] },
    { at: 1, colour: mix(palette.sky[0], palette.sky[1], 0.7) },
  ])
  const dust = Array.from({ length: Math.round(50 + 90 * detail) }, () =>
    circle(random.between(0, width), random.between(0, height), unit * random.between(0.0012, 0.0045), hex(palette.light)),
  )
  const centre = { x: width * random.between(0.38, 0.62), y: height * random.between(0.36, 0.52) }
  const big = unit * random.between(0.22, 0.3)
  const tilt = random.between(-32, 32)
  const subject = [
    orbits(canvas, centre, big, tilt),
    ringHalf(canvas, centre, big, tilt, 'behind'),
    sphere(canvas, centre.x, centre.y, big, true),
    ringHalf(canvas, centre, big, tilt, 'before'),
  ]
  for (let moon = 0; moon < 2 + Math.round(2 * detail); moon++) {
    const angle = random.between(0, Math.PI * 2)
    const away = big * random.between(1.4, 2)
    subject.push(
      sphere(
        canvas,
        centre.x + Math.cos(angle) * away,
        centre.y + Math.sin(angle) * away * 0.8,
        big * random.between(0.08, 0.24),
        moon % 2 === 0,
      ),
    )
  }
  return { backdrop: rect(0, 0, width, height, ground) + dust.join(''), subject: subject.join('') }
}

function sphere(canvas: Canvas, x: number, y: number, radius: number, main: boolean): string {
  const { palette, random } = canvas
  const colour = main ? palette.main : palette.accent
  const fill = canvas.gradient(
    [
      { at: 0, colour: lighten(colour, 34) },
      { at: 0.45, colour },
      { at: 1, colour: lighten(palette.near, -4) },
    ],
    'ball',
  )
  const bands = Array.from({ length: radius > canvas.unit * 0.1 ? 5 : 0 }, () => {
    const at = random.between(-0.75, 0.75) * radius
    const half = Math.sqrt(radius * radius - at * at)
    return `<g opacity="0.22">${ellipse(x, y + at, half * 0.98, radius * random.between(0.02, 0.07), hex(random.chance(0.5) ? palette.light : palette.near))}</g>`
  })
  return circle(x, y, radius, fill) + bands.join('')
}

function orbits({ palette, random, unit, detail }: Canvas, centre: { x: number; y: number }, big: number, tilt: number): string {
  return Array.from({ length: Math.round(3 + 3 * detail) }, (_, index) => {
    const rx = big * (1.5 + index * 0.28)
    return `<ellipse cx="${px(centre.x)}" cy="${px(centre.y)}" rx="${px(rx)}" ry="${px(rx * 0.7)}" fill="none" stroke="${hex(index % 2 ? palette.accent : palette.light)}" stroke-opacity="0.55" stroke-width="${px(unit * random.between(0.0015, 0.005))}" transform="rotate(${px(tilt)} ${px(centre.x)} ${px(centre.y)})"/>`
  }).join('')
}

/** Saturn's ring, drawn in two halves around the sphere. */
function ringHalf(
  { palette, unit }: Canvas,
  centre: { x: number; y: number },
  big: number,
  tilt: number,
  half: 'behind' | 'before',
): string {
  const sweep = half === 'behind' ? 1 : 0
  const rings = [
    { scale: 1.28, broad: 0.022, colour: palette.accent },
    { scale: 1.42, broad: 0.012, colour: palette.light },
    { scale: 1.54, broad: 0.008, colour: palette.accent },
  ]
  const arcs = rings.map(({ scale, broad, colour }) => {
    const rx = big * scale
    return line(`M${px(-rx)} 0A${px(rx)} ${px(rx * 0.3)} 0 0 ${sweep} ${px(rx)} 0`, hex(colour), unit * broad, 0.9)
  })
  return `<g transform="translate(${px(centre.x)} ${px(centre.y)}) rotate(${px(tilt)})">${arcs.join('')}</g>`
}
