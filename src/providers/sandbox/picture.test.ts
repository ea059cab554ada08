import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { promptWords } from './assignment.ts'
import { drawMark } from './mark.ts'
import { type Drawing, drawPicture, type EditInputs } from './picture.ts'
import { createRandom, hashText } from './random.ts'
import { chooseScene, type SceneName, scenes } from './scenes/index.ts'

function drawingOf(prompt: string, over: Partial<Drawing> = {}): Drawing {
  const words = promptWords(prompt)
  const seed = hashText(prompt)
  const scene = chooseScene(words, createRandom(seed))
  const size = { width: 384, height: 256 }
  return { model: 'flat', scene, words, seed, size, format: 'png', transparent: false, detail: 0.5, progress: 1, ...over }
}

const pixelsOf = async (drawing: Drawing, inputs?: EditInputs) =>
  sharp((await drawPicture(drawing, inputs)).data)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })

async function meanColour(prompt: string): Promise<readonly number[]> {
  const { channels } = await sharp((await drawPicture(drawingOf(prompt))).data).stats()
  return channels.slice(0, 3).map(({ mean }) => mean)
}

describe('every picture is marked', () => {
  const cases = (Object.keys(scenes) as SceneName[]).flatMap((scene) =>
    [
      [64, 64],
      [256, 2048],
      [1024, 1024],
    ].map(([width, height]) => [scene, width!, height!] as const),
  )
  test.each(cases)('%s at %dx%d carries the label, pixel for pixel', async (scene, width, height) => {
    const mark = drawMark('flat', width, height)
    expect(mark.left + mark.width).toBeLessThanOrEqual(width)
    expect(mark.top).toBeGreaterThanOrEqual(0)
    const label = Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${mark.width}" height="${mark.height}">${mark.svg}</svg>`,
    )
    const expected = await sharp(label).removeAlpha().raw().toBuffer()
    const { data } = await drawPicture(drawingOf('x', { scene, size: { width, height } }))
    const found = await sharp(data).removeAlpha().extract(mark).raw().toBuffer()
    expect(found.equals(expected)).toBe(true)
    const ink = expected.filter((_, index) => index % 3 === 0 && expected[index] === 0).length
    expect(ink / (mark.width * mark.height)).toBeGreaterThan(0.1)
  })

  test('the label names the model', () => {
    expect(drawMark('mega', 1024, 1024).svg).not.toBe(drawMark('flat', 1024, 1024).svg)
  })
})

describe('the prompt decides', () => {
  test.each([
    ['a red mountain', 0],
    ['a green forest', 1],
    ['a blue city', 2],
  ] as const)('%s is mostly of that colour', async (prompt, channel) => {
    const mean = await meanColour(prompt)
    for (const other of [0, 1, 2].filter((index) => index !== channel)) expect(mean[channel]!).toBeGreaterThan(mean[other]! + 25)
  })

  test.each([
    ['a boat on the waves', 'sea'],
    ['Skyline, neon', 'city'],
    ['two sunflowers', 'garden'],
    ['a bottle of perfume', 'stillLife'],
  ] as const)('%s shows %s', (prompt, scene) => {
    for (const seed of [1, 2, 3]) expect(chooseScene(promptWords(prompt), createRandom(seed))).toBe(scene)
  })
})

test.each(Object.keys(scenes) as SceneName[])('%s on a transparent background has clear, and solid pixels', async (scene) => {
  const { data, info } = await pixelsOf(drawingOf('x', { scene, transparent: true }))
  const alphas = data.filter((_, index) => index % info.channels === info.channels - 1)
  expect(alphas.filter((alpha) => alpha === 0).length / alphas.length).toBeGreaterThan(0.15)
  expect(alphas.filter((alpha) => alpha === 255).length / alphas.length).toBeGreaterThan(0.05)
})

test.each(Object.keys(scenes) as SceneName[])('%s is cut out whatever its seed, and something of it is left', async (scene) => {
  for (let seed = 1; seed <= 40; seed++) {
    const { data: base } = await drawPicture(drawingOf('x', { scene, seed, size: { width: 256, height: 256 } }))
    const cut = drawingOf('x', { scene, seed, size: { width: 256, height: 256 }, task: 'cut_out' })
    const { data, info } = await pixelsOf(cut, { base, references: [] })
    const alphas = data.filter((_, index) => index % info.channels === info.channels - 1)
    expect(
      alphas.some((alpha) => alpha === 0),
      `seed ${seed} has clear pixels`,
    ).toBe(true)
    expect(alphas.filter((alpha) => alpha === 255).length / alphas.length, `seed ${seed} has solid pixels`).toBeGreaterThan(0.05)
  }
})

test('an opaque picture has no transparent pixel', async () => {
  const { data, info } = await pixelsOf(drawingOf('x'))
  expect(data.every((value, index) => index % info.channels !== info.channels - 1 || value === 255)).toBe(true)
})
