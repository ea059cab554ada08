import { describe, expect, it } from 'vitest'
import { requestOf } from '../../test/support/request.ts'
import type { ImageInput, RequestOptions } from '../core/request.ts'
import { fingerprintOf } from './fingerprint.ts'

const options: RequestOptions = { allowUnsupported: false, bodyMetadata: true }
const image: ImageInput = { role: 'image', sha256: 'aa', bytes: 1, mediaType: 'image/png', width: 8, height: 8 }
const control: ImageInput = { ...image, role: 'control', control: 'canny', controlStrength: 0.5 }
const of = (inputs: readonly ImageInput[], changes = {}) => fingerprintOf({ request: requestOf({ inputs, ...changes }), options })

describe('two requests are one only when they ask for the same picture', () => {
  it.each([
    ['another role', of([image]), of([{ ...image, role: 'reference' }])],
    ['another kind of control', of([control]), of([{ ...control, control: 'depth' }])],
    ['another strength of control', of([control]), of([{ ...control, controlStrength: 0.6 }])],
    ['another shape', of([], { aspectRatio: { width: 1, height: 1 } }), of([], { aspectRatio: { width: 1, height: 2 } })],
    ['another side', of([image], { outpaint: { left: 1, right: 0 } }), of([image], { outpaint: { left: 0, right: 1 } })],
  ])('%s', (_, one, other) => {
    expect(one).not.toBe(other)
  })

  it('the name of a file and its place in the body do not count', () => {
    expect(of([image])).toBe(of([{ ...image, filename: 'fox.png' }]))
  })
})
