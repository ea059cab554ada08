import { type Colour, hex, lighten, mix } from '../palette.ts'
import { type Canvas, circle, type Layers, line, path, px, rect } from '../svg.ts'

/** Big flowers and leaves, as on a botanical plate. */
export function garden(canvas: Canvas): Layers {
  const { width, height, unit, palette, random, detail } = canvas
  const paper = canvas.gradient([
    { at: 0, colour: lighten(palette.sky[1], 4) },
    { at: 1, colour: { ...palette.sky[1], l: Math.min(88, palette.sky[1].l) } },
  ])
  const halo = circle(width / 2, height * 0.44, unit * 0.4, hex(mix(palette.sky[0], palette.sky[1], 0.35)))
  const stems = Math.max(3, Math.round((3 + 3 * detail) * Math.min(2, width / unit)))
  const flowers: string[] = []
  const leaves: string[] = []
  const stemColour = { h: 130, s: 34, l: 30 }
  for (let index = 0; index < stems; index++) {
    const foot = width * (0.5 + random.between(-0.12, 0.12))
    const x = width * ((index + 0.5 + random.between(-0.2, 0.2)) / stems)
    const y = height * random.between(0.2, 0.58)
    const bend = (foot + x) / 2 + unit * random.between(-0.1, 0.1)
    leaves.push(
      line(
        `M${px(foot)} ${px(height * 1.02)}Q${px(bend)} ${px((y + height) / 2)} ${px(x)} ${px(y)}`,
        hex(stemColour),
        unit * 0.011,
      ),
    )
    for (const side of [-1, 1]) {
      const leafY = y + (height - y) * random.between(0.25, 0.6)
      const at = (leafY - y) / (height - y)
      leaves.push(
        leaf(
          canvas,
          x + (foot - x) * at,
          leafY,
          side * random.between(38, 75),
          mix(stemColour, palette.accent, random.between(0, 0.3)),
        ),
      )
    }
    const colour = index % 3 === 2 ? palette.accent : lighten(palette.main, random.between(-6, 10))
    flowers.push(flower(canvas, x, y, unit * random.between(0.11, 0.19), colour))
  }
  return { backdrop: rect(0, 0, width, height, paper) + halo, subject: leaves.join('') + flowers.join('') }
}

function leaf(canvas: Canvas, x: number, y: number, angle: number, colour: Colour): string {
  const long = canvas.unit * canvas.random.between(0.12, 0.22)
  const fill = canvas.gradient(
    [
      { at: 0, colour: lighten(colour, 20) },
      { at: 1, colour },
    ],
    'across',
  )
  const blade = path(
    `M0 0C${px(long * 0.3)} ${px(-long * 0.3)} ${px(long * 0.75)} ${px(-long * 0.22)} ${px(long)} 0C${px(long * 0.7)} ${px(long * 0.2)} ${px(long * 0.3)} ${px(long * 0.2)} 0 0Z`,
    fill,
  )
  const vein = line(`M0 0L${px(long * 0.9)} 0`, hex(lighten(colour, 26)), canvas.unit * 0.003, 0.7)
  return `<g transform="translate(${px(x)} ${px(y)}) rotate(${px(angle - 90)})">${blade}${vein}</g>`
}

function flower(canvas: Canvas, x: number, y: number, radius: number, colour: Colour): string {
  const { random, palette, detail } = canvas
  const petals = random.integer(5, 9) + Math.round(detail * 3)
  const fill = canvas.gradient(
    [
      { at: 0, colour: lighten(colour, -14) },
      { at: 0.55, colour },
      { at: 1, colour: lighten(colour, 20) },
    ],
    'across',
  )
  const plump = random.between(0.5, 0.85)
  const shape = `M0 0C${px(radius * 0.3)} ${px(-radius * plump)} ${px(radius * 1.05)} ${px(-radius * plump * 0.6)} ${px(radius)} 0C${px(radius * 1.05)} ${px(radius * plump * 0.6)} ${px(radius * 0.3)} ${px(radius * plump)} 0 0Z`
  const twist = random.between(0, 360)
  const crown = Array.from(
    { length: petals },
    (_, index) =>
      `<g transform="rotate(${px(twist + (360 / petals) * index)})">${path(shape, fill)}${line(`M${px(radius * 0.25)} 0L${px(radius * 0.7)} 0`, hex(lighten(colour, -22)), radius * 0.022, 0.6)}</g>`,
  )
  const heart = circle(0, 0, radius * 0.25, hex(lighten(palette.near, 2)))
  const pollen = Array.from({ length: 12 }, (_, index) => {
    const angle = (index / 12) * Math.PI * 2
    return circle(Math.cos(angle) * radius * 0.19, Math.sin(angle) * radius * 0.19, radius * 0.035, hex({ h: 46, s: 96, l: 62 }))
  })
  return `<g transform="translate(${px(x)} ${px(y)})">${crown.join('')}${heart}${pollen.join('')}</g>`
}
