/** The printers' halftone: a tone becomes dots of different size on a rotated grid, one grid per ink. Pure geometry. */

/** How dark one ink is at a point of the unit square, 0 (paper) to 1 (solid). */
export type Tone = (x: number, y: number) => number

export interface Screen {
  readonly width: number
  readonly height: number
  /** Distance between dot centres. */
  readonly pitch: number
  /** Rotation of the grid in degrees; inks differ so that their dots do not beat. */
  readonly angle: number
  readonly tone: Tone
}

/** Below this the dot would not print. */
const MIN_TONE = 0.015

/** SVG path data of every dot of one ink. The area of a dot is its tone's share of the grid cell. */
export function screenPath(screen: Screen): string {
  const { width, height, pitch } = screen
  const radians = (screen.angle * Math.PI) / 180
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)]
  const reach = Math.ceil(Math.hypot(width, height) / 2 / pitch)
  let path = ''
  for (let row = -reach; row <= reach; row += 1) {
    for (let column = -reach; column <= reach; column += 1) {
      const x = width / 2 + (column * cos - row * sin) * pitch
      const y = height / 2 + (column * sin + row * cos) * pitch
      if (x < 0 || y < 0 || x > width || y > height) continue
      const tone = Math.min(1, screen.tone(x / width, y / height))
      if (tone >= MIN_TONE) path += dot(x, y, pitch * Math.sqrt(tone / Math.PI))
    }
  }
  return path
}

function dot(x: number, y: number, radius: number): string {
  const r = radius.toFixed(2)
  const diameter = (2 * radius).toFixed(2)
  return `M${(x - radius).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${diameter} 0a${r} ${r} 0 1 0-${diameter} 0`
}

export interface InkTones {
  readonly cyan: Tone
  readonly magenta: Tone
  readonly yellow: Tone
  readonly key: Tone
}

/** Dots that grow from nothing to solid, left to right. */
export const ramp: Tone = (x) => x ** 1.6

/** The picture on the sign-in page: a lit ball on a table, separated into four inks. */
export const ball: InkTones = (() => {
  const shade = (x: number, y: number) => {
    const [u, v] = [(x - 0.5) / 0.33, (y - 0.46) / 0.33]
    const inside = u * u + v * v < 1
    const depth = inside ? Math.sqrt(1 - u * u - v * v) : 0
    const light = Math.max(0, -0.5 * u - 0.62 * v + 0.6 * depth)
    const [s, t] = [(x - 0.6) / 0.42, (y - 0.83) / 0.1]
    const shadow = inside ? 0 : Math.max(0, 1 - (s * s + t * t)) ** 0.8
    const fade = Math.max(0, Math.min(1, (0.5 - Math.abs(x - 0.5)) / 0.22)) * Math.max(0, Math.min(1, (1 - y) / 0.14))
    return { inside, light, shadow, ground: inside ? 0 : Math.max(0, y - 0.62) * fade }
  }
  return {
    cyan: (x, y) => {
      const { inside, light, shadow, ground } = shade(x, y)
      return inside ? 0.62 * (1 - light) ** 1.6 + 0.04 : 0.42 * shadow + 0.32 * ground
    },
    magenta: (x, y) => {
      const { inside, light, shadow } = shade(x, y)
      return inside ? Math.max(0, 0.95 - light ** 3) * 0.9 : 0.26 * shadow
    },
    yellow: (x, y) => {
      const { inside, light, ground } = shade(x, y)
      return inside ? Math.max(0, 0.9 - 0.95 * light ** 5) : 0.34 * ground
    },
    key: (x, y) => {
      const { inside, light, shadow } = shade(x, y)
      return inside ? 0.5 * Math.max(0, 0.5 - light) : 0.5 * shadow
    },
  }
})()
