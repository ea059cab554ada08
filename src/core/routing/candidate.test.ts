import { describe, expect, test } from 'vitest'
import { capabilities, imageOf, offerOf, requestOf } from '../../../test/support/pricing.ts'
import type { Capabilities } from '../capability.ts'
import type { ImageRequest } from '../request.ts'
import { resolveCandidate } from './candidate.ts'

const resolved = (can: Partial<Capabilities>, request: Partial<ImageRequest>, allowUnsupported = false) =>
  resolveCandidate(
    offerOf('acme/one', 'acme', { capabilities: { ...capabilities, parameters: ['outpaint'], ...can } }),
    requestOf({ operation: 'edit', inputs: [imageOf(800, 600)], ...request }),
    { allowUnsupported },
  )

const sides = { left: 10, right: 20, top: 0, bottom: 5 }

describe('an offer that needs something', () => {
  const table: [Partial<Capabilities>, Partial<ImageRequest>, string | undefined][] = [
    [{ needs: ['mask'] }, {}, 'needs a mask'],
    [{ needs: ['mask'] }, { inputs: [imageOf(800, 600), imageOf(800, 600, 'mask')] }, undefined],
    [{ needs: ['outpaint'] }, {}, 'needs sides to extend (outpaint)'],
    [{ needs: ['outpaint'] }, { outpaint: sides }, undefined],
    [{ needs: ['control'], controls: ['sketch'] }, {}, 'needs a control image'],
    [{ needs: ['image'] }, { operation: 'generate', inputs: [] }, 'needs an image'],
    [{ needs: ['prompt'] }, { prompt: '' }, 'needs a prompt'],
    [{ maxPromptChars: 0 }, {}, 'takes no prompt'],
    [{ maxPromptChars: 0 }, { prompt: '' }, undefined],
    [{ needsExtra: ['search'] }, {}, 'needs extra_body.acme.search'],
    [{ needsExtra: ['search'] }, { extraBody: { acme: { search: 'hat' } } }, undefined],
  ]
  test.each(table)('%j with %j: %s', (can, request, detail) => {
    const result = resolved(can, request)
    expect('elimination' in result ? result.elimination.detail : undefined).toBe(detail)
  })
})

describe('an offer that keeps the size of its input', () => {
  test.each([
    ['takes it from the image', {}, { width: 800, height: 600 }],
    ['adds the sides to extend', { outpaint: sides }, { width: 830, height: 605 }],
    ['is content with that size asked for', { size: { width: 800, height: 600 } }, { width: 800, height: 600 }],
  ])('%s', (_, request, size) => {
    const result = resolved({ sizeFromInput: true }, request)
    expect('candidate' in result && result.candidate.settings.size).toEqual(size)
  })

  test('makes no other size, unless the client allows it', () => {
    const request = { size: { width: 512, height: 512 } }
    expect(resolved({ sizeFromInput: true }, request)).toMatchObject({ elimination: { reason: 'size' } })
    const allowed = resolved({ sizeFromInput: true }, request, true)
    expect(allowed).toMatchObject({ candidate: { settings: { size: { width: 800 } }, warnings: [{ code: 'size_adjusted' }] } })
  })
})

describe('an offer that says what steps it runs', () => {
  const few = { steps: { default: 4, min: 1, max: 8 } }
  test.each([
    ['a missing count becomes its default', few, {}, 4],
    ['takes a count within its limits where steps may be set', { ...few, parameters: ['steps'] }, { steps: 8 }, 8],
    ['keeps a count without limits as it is', { parameters: ['steps'] }, { steps: 99 }, 99],
    ['says nothing of steps when nobody does', { parameters: ['steps'] }, {}, undefined],
  ] as const)('%s', (_, can, request, steps) => {
    const result = resolved(can, request)
    expect('candidate' in result ? result.candidate.settings.steps : result).toBe(steps)
  })

  test('another count eliminates it, or is left out with a warning', () => {
    const can = { ...few, parameters: ['steps'] as const }
    expect(resolved(can, { steps: 9 })).toMatchObject({ elimination: { param: 'steps', detail: 'runs 1 to 8 steps' } })
    const allowed = resolved(can, { steps: 9 }, true)
    expect(allowed).toMatchObject({ candidate: { settings: { steps: 4 }, warnings: [{ code: 'parameter_dropped' }] } })
  })
})
