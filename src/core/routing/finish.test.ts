import { describe, expect, test } from 'vitest'
import { offerOf, requestOf } from '../../../test/support/routing.ts'
import type { Capabilities, SizeRule } from '../capability.ts'
import { describeStep } from '../finishing.ts'
import { candidateKey } from '../offer.ts'
import type { ImageRequest, RequestOptions, Size } from '../request.ts'
import { requestAsSent, resolveCandidate } from './candidate.ts'

const size = (text: string): Size => {
  const [width = 0, height = 0] = text.split('x').map(Number)
  return { width, height }
}
const list = (...texts: string[]): SizeRule => ({ kind: 'list', sizes: texts.map(size) })
const grid: SizeRule = {
  kind: 'area',
  multipleOf: 16,
  minEdge: 256,
  maxEdge: 2048,
  minPixels: 512 * 512,
  maxPixels: 2048 * 2048,
  maxAspect: 3,
}

interface Case {
  readonly can?: Partial<Capabilities>
  readonly request: Partial<ImageRequest>
  readonly wishes?: Partial<RequestOptions>
}

function resolved({ can = {}, request, wishes = {} }: Case) {
  const offer = offerOf('acme', 'one', { can: { formats: ['png'], backgrounds: ['transparent'], ...can } })
  return resolveCandidate(offer, requestOf(request), { allowUnsupported: false, ...wishes })
}

/** `1024x1024 png, resize to ...`, or why not. */
function told(given: Case): string {
  const result = resolved(given)
  if ('elimination' in result) return result.elimination.detail
  const { settings, finishing = [] } = result.candidate
  return [`${settings.size.width}x${settings.size.height} ${settings.format}`, ...finishing.map(describeStep)].join(', ')
}

describe('a format or background that the offer does not make', () => {
  const table: [string, Case, string][] = [
    ['is converted', { request: { outputFormat: 'webp' } }, '1024x1024 png, convert to webp'],
    [
      'is converted from the least lossy',
      { can: { formats: ['jpeg', 'webp'] }, request: { outputFormat: 'png' } },
      '1024x1024 webp, convert to png',
    ],
    [
      'is encoded as the client asks',
      { request: { outputFormat: 'jpeg', outputCompression: 40 } },
      '1024x1024 png, convert to jpeg at quality 40',
    ],
    [
      'is refused where the file must be the provider’s',
      { request: { outputFormat: 'webp' }, wishes: { convert: 'none' } },
      'returns png',
    ],
    ['is bought where it is made', { can: { formats: ['png', 'webp'] }, request: { outputFormat: 'webp' } }, '1024x1024 webp'],
    ['is no drawing', { request: { outputFormat: 'svg' } }, 'returns png'],
    ['keeps transparency', { request: { outputFormat: 'webp', background: 'transparent' } }, '1024x1024 png, convert to webp'],
    [
      'has none to keep from a jpeg',
      { can: { formats: ['jpeg'] }, request: { outputFormat: 'webp', background: 'transparent' } },
      'returns jpeg',
    ],
    ['is put on white for opaque', { request: { background: 'opaque' } }, '1024x1024 png, flatten onto white'],
    [
      'is not cut out here',
      { can: { backgrounds: ['opaque'] }, request: { background: 'transparent' } },
      'has background opaque',
    ],
    [
      'is not changed between partial pictures',
      { can: { maxPartialImages: 3 }, request: { outputFormat: 'webp', stream: true, partialImages: 2 } },
      'returns png',
    ],
  ]
  test.each(table)('%s', (_, given, expected) => expect(told(given)).toBe(expected))

  test('its compression stays here', () => {
    const request = requestOf({ outputFormat: 'jpeg', outputCompression: 40 })
    const result = resolved({ can: { parameters: ['outputCompression'] }, request })
    if ('elimination' in result) throw new Error(result.elimination.detail)
    expect(requestAsSent(result.candidate, request).outputCompression).toBeUndefined()
  })
})

describe('a size that the offer does not make', () => {
  const sizes = list('512x512', '1024x1024', '1536x1024')
  const ask = (text: string, wishes: Partial<RequestOptions>, rule: SizeRule = sizes): Case => ({
    can: { sizes: rule },
    request: { size: size(text) },
    wishes,
  })
  const table: [string, Case, string][] = [
    [
      'names the wish that would help',
      ask('800x600', {}),
      'makes 512x512, 1024x1024, 1536x1024, not 800x600; x-halftone-fit: cover would cut it from 1536x1024',
    ],
    [
      'names the other one',
      ask('2048x2048', {}),
      'makes 512x512, 1024x1024, 1536x1024, not 2048x2048; x-halftone-upscale: local would enlarge it from 1024x1024',
    ],
    ['cuts from what loses least', ask('600x600', { fit: 'cover' }), '1024x1024 png, resize to 600x600 (cover)'],
    ['pads what loses least', ask('900x600', { fit: 'contain' }), '1536x1024 png, resize to 900x600 (contain)'],
    ['takes the smallest of those', ask('256x256', { fit: 'cover' }), '512x512 png, resize to 256x256 (cover)'],
    ['enlarges the largest of the shape', ask('2048x2048', { upscale: 'local' }), '1024x1024 png, enlarge to 2048x2048'],
    [
      'neither cuts nor pads to enlarge',
      ask('2048x1024', { upscale: 'local' }),
      'makes 512x512, 1024x1024, 1536x1024, not 2048x1024',
    ],
    [
      'does both when both are allowed',
      ask('3000x2000', { upscale: 'local', fit: 'cover' }),
      '1536x1024 png, enlarge to 3000x2000 (cover)',
    ],
    ['is not made from a stamp', ask('8192x8192', { upscale: 'local' }), 'makes 512x512, 1024x1024, 1536x1024, not 8192x8192'],
    [
      'names the wish for a grid',
      ask('1000x500', {}, grid),
      'needs edges in multiples of 16; x-halftone-fit: cover could cut it from a size that it makes',
    ],
    ['is cut from a grid', ask('1000x500', { fit: 'cover' }, grid), '1024x512 png, resize to 1000x500 (cover)'],
    ['is cut from the least that a grid makes', ask('100x100', { fit: 'cover' }, grid), '512x512 png, resize to 100x100 (cover)'],
  ]
  test.each(table)('%s', (_, given, expected) => expect(told(given)).toBe(expected))

  test('every size that is cut lies inside what is bought, on a grid and on a list', () => {
    for (const rule of [sizes, grid]) {
      for (let width = 40; width <= 1000; width += 97) {
        for (let height = 40; height <= 1000; height += 89) {
          const result = resolved(ask(`${width}x${height}`, { fit: 'cover' }, rule))
          if ('elimination' in result) continue
          const { settings, finishing } = result.candidate
          expect(settings.size.width >= width && settings.size.height >= height).toBe(true)
          if (finishing) expect(finishing).toMatchObject([{ kind: 'resize', size: { width, height } }])
        }
      }
    }
  })

  test('a shape is cut out of the nearest size', () => {
    const request = { aspectRatio: { width: 2, height: 1 } }
    expect(told({ can: { sizes: list('1024x1024', '1536x1024') }, request, wishes: { fit: 'cover' } })).toBe(
      '1536x1024 png, resize to 1536x768 (cover)',
    )
  })

  test('an input that gives the size is cut as well', () => {
    const image = { role: 'image', sha256: 'a', bytes: 1, mediaType: 'image/png', width: 800, height: 600 } as const
    const request = { operation: 'edit', inputs: [image], size: size('600x600') } as const
    expect(told({ can: { sizeFromInput: true }, request, wishes: { fit: 'cover' } })).toBe(
      '800x600 png, resize to 600x600 (cover)',
    )
  })

  test('an enlarged picture is a product of its own', () => {
    const keyOf = (given: Case): string => {
      const result = resolved(given)
      return 'candidate' in result ? candidateKey(result.candidate) : result.elimination.detail
    }
    expect(keyOf(ask('2048x2048', { upscale: 'local' }))).toBe('acme:acme/one#medium~up2')
    expect(keyOf(ask('600x600', { fit: 'cover' }))).toBe('acme:acme/one#medium')
  })
})
