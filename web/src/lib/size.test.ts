import { describe, expect, it } from 'vitest'
import { aspectOf, pixelsOf } from './size.ts'

describe('sizes', () => {
  it('the place for a picture has its shape', () => {
    expect(aspectOf('1536x1024')).toBe(1.5)
    expect(pixelsOf('640x480')).toEqual({ width: 640, height: 480 })
  })

  it.each([undefined, 'auto', 'nonsense'])('a size that is not known is a square: %s', (size) => {
    expect(aspectOf(size)).toBe(1)
  })
})
