/** The visible mark of every sandbox picture: a label in an own 5x7 pixel font, so that no font has to be installed. */

const glyphs: Readonly<Record<string, readonly string[]>> = {
  A: ['01110', '10001', '10001', '11111', '10001', '10001', '10001'],
  B: ['11110', '10001', '10001', '11110', '10001', '10001', '11110'],
  C: ['01110', '10001', '10000', '10000', '10000', '10001', '01110'],
  D: ['11110', '10001', '10001', '10001', '10001', '10001', '11110'],
  E: ['11111', '10000', '10000', '11110', '10000', '10000', '11111'],
  F: ['11111', '10000', '10000', '11110', '10000', '10000', '10000'],
  G: ['01110', '10001', '10000', '10111', '10001', '10001', '01110'],
  H: ['10001', '10001', '10001', '11111', '10001', '10001', '10001'],
  I: ['111', '010', '010', '010', '010', '010', '111'],
  K: ['10001', '10010', '10100', '11000', '10100', '10010', '10001'],
  L: ['10000', '10000', '10000', '10000', '10000', '10000', '11111'],
  M: ['10001', '11011', '10101', '10101', '10001', '10001', '10001'],
  N: ['10001', '11001', '10101', '10011', '10001', '10001', '10001'],
  O: ['01110', '10001', '10001', '10001', '10001', '10001', '01110'],
  S: ['01111', '10000', '10000', '01110', '00001', '00001', '11110'],
  T: ['11111', '00100', '00100', '00100', '00100', '00100', '00100'],
  U: ['10001', '10001', '10001', '10001', '10001', '10001', '01110'],
  V: ['10001', '10001', '10001', '10001', '10001', '01010', '00100'],
  X: ['10001', '01010', '00100', '00100', '00100', '01010', '10001'],
}

const GLYPH_HEIGHT = 7
const LINE_HEIGHT = 9
const SPACE = 3

export interface Mark {
  /** Drawn from its own upper left corner. */
  readonly svg: string
  /** Where it is, in pixels. */
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** The label at the lower left of a picture: one line where there is room, else one word a line. */
export function drawMark(model: string, width: number, height: number): Mark {
  const text = `HALFTONE SANDBOX ${model.toUpperCase()}`
  const oneLine = textWidth(text) + 2 * SPACE + 16
  const wide = width >= oneLine + 8
  const lines = wide ? [text] : text.split(' ')
  const columns = wide ? oneLine : Math.max(...lines.map(textWidth)) + 2 * SPACE
  const rows = lines.length * LINE_HEIGHT + 2 * SPACE - 2
  // About a third of the picture's width, in whole pixels so that letters stay sharp.
  const scale = Math.max(1, Math.min(Math.floor((width * 0.36) / columns), Math.floor((height * 0.1) / rows)))
  const margin = wide ? scale * 4 : 0
  const box = { left: margin, top: height - margin - rows * scale, width: columns * scale, height: rows * scale }
  const letters = lines.map((word, index) => textPath(word, SPACE + (wide ? 16 : 0), SPACE + index * LINE_HEIGHT)).join('')
  const svg = `<g transform="scale(${scale})" shape-rendering="crispEdges"><rect width="${columns}" height="${rows}" fill="#fff"/>${wide ? inkDots() : ''}<path d="${letters}" fill="#000"/></g>`
  return { ...box, svg }
}

/** The printers' control strip: one dot of each ink. */
const inkDots = (): string =>
  ['#00ffff', '#ff00ff', '#ffff00']
    .map(
      (ink, index) => `<circle cx="${SPACE + 3 + index * 4}" cy="${SPACE + 3.5}" r="2.6" fill="${ink}" shape-rendering="auto"/>`,
    )
    .join('')

const glyphWidth = (character: string): number => (character === ' ' ? SPACE : (glyphs[character]?.[0]?.length ?? 5))

const textWidth = (text: string): number => [...text].reduce((sum, character) => sum + glyphWidth(character) + 1, -1)

function textPath(text: string, left: number, top: number): string {
  let x = left
  let data = ''
  for (const character of text) {
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      for (const run of (glyphs[character]?.[row] ?? '').matchAll(/1+/g)) {
        data += `M${x + run.index} ${top + row}h${run[0].length}v1h${-run[0].length}z`
      }
    }
    x += glyphWidth(character) + 1
  }
  return data
}
