/** Inks for a picture: taken from colour and mood words of the prompt, else from its seed. */
import type { Random } from './random.ts'

/** Hue 0..360, saturation and lightness 0..100. */
export interface Colour {
  readonly h: number
  readonly s: number
  readonly l: number
}

export interface Palette {
  /** Top and bottom of the backdrop. */
  readonly sky: readonly [Colour, Colour]
  /** Far and near end of the scene's layers. */
  readonly far: Colour
  readonly near: Colour
  /** The prompt's colour, where one is named: the biggest shapes are drawn in it. */
  readonly main: Colour
  readonly accent: Colour
  readonly light: Colour
}

const colourWords: Readonly<Record<string, Colour>> = {
  red: { h: 358, s: 82, l: 50 },
  crimson: { h: 348, s: 80, l: 44 },
  orange: { h: 26, s: 92, l: 54 },
  copper: { h: 22, s: 60, l: 48 },
  brown: { h: 24, s: 46, l: 36 },
  gold: { h: 44, s: 84, l: 54 },
  golden: { h: 44, s: 84, l: 54 },
  yellow: { h: 50, s: 94, l: 56 },
  lime: { h: 80, s: 72, l: 50 },
  green: { h: 138, s: 58, l: 40 },
  olive: { h: 70, s: 48, l: 36 },
  teal: { h: 178, s: 64, l: 38 },
  turquoise: { h: 174, s: 64, l: 50 },
  cyan: { h: 190, s: 86, l: 50 },
  blue: { h: 214, s: 78, l: 48 },
  navy: { h: 222, s: 62, l: 28 },
  indigo: { h: 246, s: 58, l: 42 },
  purple: { h: 276, s: 56, l: 46 },
  violet: { h: 268, s: 62, l: 52 },
  magenta: { h: 310, s: 76, l: 50 },
  pink: { h: 336, s: 78, l: 66 },
  white: { h: 210, s: 14, l: 90 },
  grey: { h: 214, s: 8, l: 52 },
  gray: { h: 214, s: 8, l: 52 },
  silver: { h: 212, s: 12, l: 72 },
  black: { h: 224, s: 16, l: 16 },
}

type Mood = 'day' | 'dusk' | 'night' | 'mist'

const moodWords: Readonly<Record<string, Mood>> = {
  night: 'night',
  midnight: 'night',
  stars: 'night',
  moon: 'night',
  space: 'night',
  dark: 'night',
  sunset: 'dusk',
  sunrise: 'dusk',
  dawn: 'dusk',
  dusk: 'dusk',
  evening: 'dusk',
  autumn: 'dusk',
  fog: 'mist',
  foggy: 'mist',
  mist: 'mist',
  winter: 'mist',
  snow: 'mist',
  rain: 'mist',
  day: 'day',
  summer: 'day',
  spring: 'day',
}

/** Pairs that print well together, for prompts without a colour. */
const inkPairs: readonly [InkPair, ...InkPair[]] = [
  [
    { h: 204, s: 52, l: 44 },
    { h: 22, s: 84, l: 62 },
  ],
  [
    { h: 12, s: 68, l: 54 },
    { h: 190, s: 46, l: 46 },
  ],
  [
    { h: 168, s: 34, l: 42 },
    { h: 34, s: 82, l: 64 },
  ],
  [
    { h: 232, s: 44, l: 48 },
    { h: 340, s: 70, l: 68 },
  ],
  [
    { h: 262, s: 36, l: 52 },
    { h: 44, s: 84, l: 64 },
  ],
  [
    { h: 336, s: 48, l: 52 },
    { h: 202, s: 52, l: 58 },
  ],
  [
    { h: 30, s: 62, l: 52 },
    { h: 214, s: 46, l: 46 },
  ],
  [
    { h: 188, s: 48, l: 40 },
    { h: 352, s: 70, l: 64 },
  ],
]
type InkPair = readonly [Colour, Colour]

/** Whether a word says something about colours or light. */
export const isInkWord = (word: string): boolean => Object.hasOwn(colourWords, word) || Object.hasOwn(moodWords, word)

/** The colours a prompt names, in its order, each once. */
function namedColours(words: readonly string[]): readonly Colour[] {
  const found = new Set<Colour>()
  for (const word of words) {
    const colour = Object.hasOwn(colourWords, word) ? colourWords[word] : undefined
    if (colour) found.add(colour)
  }
  return [...found]
}

export function choosePalette(words: readonly string[], random: Random): Palette {
  const named = namedColours(words)
  const moodWord = words.find((word) => Object.hasOwn(moodWords, word))
  const mood = (moodWord && moodWords[moodWord]) || random.pick<Mood>(['day', 'day', 'dusk', 'dusk', 'night', 'mist'])
  const pair = random.pick(inkPairs)
  const main = named[0] ?? turn(pair[0], random.between(-10, 10))
  const accent = named[1] ?? (named[0] ? turn(named[0], random.pick([170, 195, 32]), { s: 66, l: 60 }) : pair[1])
  // Without a colour word the sky may have the second hue; with one the whole picture leans to it.
  const skyHue = named.length > 0 || random.chance(0.5) ? main.h : accent.h
  return { ...backdrops[mood]({ ...main, h: skyHue }, accent), main, accent, far: backdropFar(mood, main), near: nearTone(main) }
}

type Backdrop = Pick<Palette, 'sky' | 'light'>

const backdrops: Readonly<Record<Mood, (base: Colour, accent: Colour) => Backdrop>> = {
  day: (base) => ({
    sky: [
      { h: base.h, s: base.s * 0.7, l: 58 },
      { h: base.h + 14, s: base.s * 0.55, l: 88 },
    ],
    light: { h: 50, s: 96, l: 94 },
  }),
  dusk: (base, accent) => ({
    sky: [
      { h: base.h - 18, s: base.s * 0.8, l: 36 },
      { h: accent.s > 30 ? mixHue(base.h, accent.h, 0.3) : base.h, s: 76, l: 74 },
    ],
    light: { h: 38, s: 100, l: 86 },
  }),
  night: (base) => ({
    sky: [
      { h: base.h - 10, s: base.s * 0.7, l: 12 },
      { h: base.h + 16, s: base.s * 0.75, l: 44 },
    ],
    light: { h: 54, s: 60, l: 95 },
  }),
  mist: (base) => ({
    sky: [
      { h: base.h, s: base.s * 0.35, l: 74 },
      { h: base.h + 10, s: base.s * 0.3, l: 94 },
    ],
    light: { h: 40, s: 40, l: 98 },
  }),
}

const backdropFar = (mood: Mood, main: Colour): Colour => {
  const lightness = { day: 68, dusk: 56, night: 36, mist: 78 }[mood]
  return { h: main.h + 8, s: main.s * 0.7, l: lightness }
}

const nearTone = (main: Colour): Colour => ({ h: main.h - 8, s: Math.max(main.s * 0.85, 12), l: Math.min(main.l, 50) * 0.42 })

const turn = (colour: Colour, degrees: number, over: Partial<Colour> = {}): Colour => ({
  ...colour,
  h: colour.h + degrees,
  ...over,
})

/** The short way round the circle. */
function mixHue(from: number, to: number, share: number): number {
  const way = ((((to - from) % 360) + 540) % 360) - 180
  return from + way * share
}

export const mix = (from: Colour, to: Colour, share: number): Colour => ({
  h: mixHue(from.h, to.h, share),
  s: from.s + (to.s - from.s) * share,
  l: from.l + (to.l - from.l) * share,
})

export const lighten = (colour: Colour, by: number): Colour => ({ ...colour, l: Math.min(98, Math.max(4, colour.l + by)) })

/** As `#rrggbb`: the renderer's own hsl() is not available everywhere. */
export function hex({ h, s, l }: Colour): string {
  const saturation = Math.min(100, Math.max(0, s)) / 100
  const lightness = Math.min(100, Math.max(0, l)) / 100
  const reach = saturation * Math.min(lightness, 1 - lightness)
  const channel = (offset: number): string => {
    const at = (((offset + h / 30) % 12) + 12) % 12
    const value = lightness - reach * Math.max(-1, Math.min(at - 3, 9 - at, 1))
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0')
  }
  return `#${channel(0)}${channel(8)}${channel(4)}`
}
