import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { createMemorySpool, readAll } from '../../../test/providers/memory-spool.ts'
import { doublePicture } from '../../../test/support/double-picture.ts'
import type { SvgDrawing } from '../../ports/draw-svg.ts'
import { createSvgDrawer } from './draw.ts'
import { sanitizeSvg } from './sanitize.ts'

const size = { width: 64, height: 32 }
const pictureUrl = (width: number, height: number): string =>
  `data:image/png;base64,${doublePicture(width, height).toString('base64')}`

const clean = (inner: string, attributes = 'viewBox="0 0 64 32"'): string =>
  sanitizeSvg(`<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>${inner}</svg>`, size).replace(/^<svg[^>]*>|<\/svg>$/g, '')

describe('what of an SVG is kept', () => {
  test.each([
    ['shapes', '<rect x="1" width="4" height="4" fill="#f00"/>'],
    ['text', '<text x="1" y="9" font-size="8">a &amp; b &lt; c</text>'],
    [
      'a gradient and what it fills',
      '<defs><linearGradient id="g"><stop offset="0"/></linearGradient></defs><path d="M0 0h9" fill="url(#g)"/>',
    ],
    ['a gradient with the stops of another', '<linearGradient id="a"><stop/></linearGradient><linearGradient id="b" href="#a"/>'],
    ['a clip path', '<clipPath id="c"><circle r="9"/></clipPath><g clip-path="url(#c)"><rect width="9" height="9"/></g>'],
    ['a copy', '<g id="a"><rect width="1" height="1"/></g><use href="#a" x="4"/>'],
    ['classes', '<style>.a{fill:red}</style><rect class="a" width="4" height="4"/>'],
    ['a small picture', `<image href="${pictureUrl(4, 4)}" width="4" height="4"/>`],
  ])('%s', (_, svg) => {
    expect(clean(svg)).toBe(svg)
  })

  test.each([
    ['a script', '<script>alert(1)</script>'],
    ['foreign content', '<foreignObject><div xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'],
    ['an animation', '<animate attributeName="x"/>'],
    ['a filter', '<filter id="f"><feTurbulence baseFrequency="9"/></filter>'],
    ['a link', '<a href="https://example.com"/>'],
    ['a prefixed script', '<svg:script xmlns:svg="http://www.w3.org/2000/svg">1</svg:script>'],
    ['a picture from elsewhere', '<image href="https://example.com/x.png"/>'],
    ['a file as a picture', '<image xlink:href="file:///etc/passwd"/>'],
    ['an SVG as a picture', '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'],
    ['a picture that is too large', `<image href="data:image/png;base64,${'A'.repeat(200_000)}"/>`],
    ['a small file that is a large picture', `<image href="${pictureUrl(9_000, 4)}"/>`],
    ['a style sheet that imports', '<style>@import url(https://example.com/x.css);</style>'],
    ['a style sheet that refers', '<style>.a{fill:url(https://example.com/x.svg#a)}</style>'],
    ['a copy of another document', '<use href="https://example.com/x.svg#a"/>'],
    ['a comment', '<!-- secret -->'],
  ])('%s is left out', (_, svg) => {
    expect(clean(svg)).toBe('')
  })

  test.each([
    ['an event handler', '<rect onload="alert(1)"/>'],
    ['a reference to elsewhere', '<rect fill="url(https://example.com/x.svg#a)"/>'],
    ['a quoted reference to elsewhere', `<rect style="fill:url('//example.com/x')"/>`],
    ['an escaped reference', '<rect style="fill:u\\72l(//example.com/x)"/>'],
    ['a filter', '<rect filter="url(#f)"/>'],
    ['dashes too fine to see', '<rect stroke-dasharray="0.0001"/>'],
    ['such dashes in a style', '<rect style="stroke-dasharray:0.0001 1"/>'],
  ])('an element loses %s', (_, svg) => {
    expect(clean(svg)).toBe('<rect/>')
  })

  test('copies of copies, which multiply, are left out', () => {
    const copies = '<use href="#a"/>'.repeat(10)
    expect(clean(`<g id="a"><rect/></g><g id="b">${copies}</g><use href="#b"/>`)).toBe(
      `<g id="a"><rect/></g><g id="b">${copies}</g>`,
    )
    expect(clean('<g id="a"><use href="#a"/></g>')).toBe('<g id="a"/>')
  })

  test('what is drawn for each reference may refer to gradients only', () => {
    expect(clean('<pattern id="p"><rect fill="url(#q)"/></pattern><pattern id="q"><rect fill="url(#p)"/></pattern>')).toBe(
      '<pattern id="p"><rect/></pattern><pattern id="q"><rect/></pattern>',
    )
  })

  test.each([
    ['no SVG', '<html/>'],
    ['not well-formed', '<svg><rect></svg>'],
    ['an entity', '<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>'],
    ['too deep', `<svg>${'<g>'.repeat(40)}${'</g>'.repeat(40)}</svg>`],
    ['too many elements', `<svg>${'<rect/>'.repeat(6_000)}</svg>`],
    ['too many copies', `<svg><g id="a">${'<rect/>'.repeat(400)}</g>${'<use href="#a"/>'.repeat(100)}</svg>`],
    ['too much text', `<svg><text>${'x'.repeat(600_000)}</text></svg>`],
  ])('%s is refused', (_, svg) => {
    expect(() => sanitizeSvg(svg, size)).toThrow(expect.objectContaining({ code: 'provider_invalid_response' }))
  })

  test.each([
    ['viewBox="0 0 10 20" width="5"', '0 0 10 20'],
    ['width="100px" height="50"', '0 0 100 50'],
    ['width="100%" height="100%"', '0 0 64 32'],
    ['viewBox="0 0 -1 nonsense"', '0 0 64 32'],
  ])('%s: it gets the size that is asked for and keeps its shape', (attributes, viewBox) => {
    const root = /^<svg[^>]*>/.exec(sanitizeSvg(`<svg ${attributes}/>`, size))?.[0]
    expect(root).toContain(`width="64" height="32" viewBox="${viewBox}"`)
    expect(root?.match(/ width=/g)).toHaveLength(1)
  })
})

describe('drawing', () => {
  const draw = createSvgDrawer({ timeoutMs: 5_000 })
  const square = '<svg viewBox="0 0 10 10"><rect width="10" height="10" fill="#ff0000"/></svg>'

  async function drawn(changes: Partial<SvgDrawing> = {}, signal = new AbortController().signal) {
    const spool = createMemorySpool()
    const body = await draw({ svg: square, size, format: 'png', ...changes }, { spool, signal })
    return readAll(body)
  }

  test.each([
    ['png', 'png'],
    ['jpeg', 'jpeg'],
    ['webp', 'webp'],
  ] as const)('%s has exactly the size asked for, with the drawing in the middle', async (format, expected) => {
    const image = sharp(await drawn({ format }))
    expect(await image.metadata()).toMatchObject({ format: expected, width: 64, height: 32 })
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
    const at = (x: number, y: number): number[] => [
      ...data.subarray((y * 64 + x) * info.channels, (y * 64 + x) * info.channels + 3),
    ]
    expect(at(32, 16)[0]).toBeGreaterThan(240)
    expect(at(32, 16)[2]).toBeLessThan(20)
    if (format === 'jpeg') expect(at(1, 1)[2]).toBeGreaterThan(240)
    else expect(data[3], 'beside it is nothing').toBe(0)
  })

  test('an opaque background is white', async () => {
    const { data } = await sharp(await drawn({ background: 'opaque' }))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([...data.subarray(0, 4)]).toEqual([255, 255, 255, 255])
  })

  test('svg stays text, made safe', async () => {
    const text = (
      await drawn({ format: 'svg', svg: '<svg viewBox="0 0 1 1"><script>1</script><rect onclick="x"/></svg>' })
    ).toString()
    expect(text).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="32" viewBox="0 0 1 1"><rect/></svg>',
    )
  })

  test('text has no font unless a folder of fonts is named: the machine does not choose', async () => {
    const text = '<svg viewBox="0 0 64 32"><text x="2" y="28" font-size="30" font-family="sans-serif">WWW</text></svg>'
    const { data } = await sharp(await drawn({ svg: text }))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(data.every((value) => value === 0)).toBe(true)
  })

  test.each([
    ['more pixels than allowed', { size: { width: 9_000, height: 9_000 } }],
    ['a format nothing here writes', { format: 'gif' as const }],
    ['no SVG', { svg: 'Sorry, I cannot draw that.' }],
  ])('%s is refused', async (_, changes) => {
    await expect(drawn(changes)).rejects.toMatchObject({ code: 'provider_invalid_response' })
  })

  test('a drawing that takes too long is given up, and the next one is drawn', async () => {
    const hurried = createSvgDrawer({ timeoutMs: 1, concurrency: 1 })
    const io = { spool: createMemorySpool(), signal: new AbortController().signal }
    await expect(hurried({ svg: square, size, format: 'png' }, io)).rejects.toThrow('took too long')
    await expect(hurried({ svg: square, size, format: 'png' }, io)).rejects.toThrow('took too long')
  })

  test('a client that leaves is not drawn for, in line or under way', async () => {
    const one = createSvgDrawer({ concurrency: 1 })
    const gone = new AbortController()
    const spool = createMemorySpool()
    const first = one({ svg: square, size, format: 'png' }, { spool, signal: new AbortController().signal })
    const second = one({ svg: square, size, format: 'png' }, { spool, signal: gone.signal })
    gone.abort()
    await expect(second).rejects.toMatchObject({ code: 'cancelled' })
    expect((await first).bytes).toBeGreaterThan(50)
  })
})
