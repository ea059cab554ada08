import { describe, expect, it } from 'vitest'
import type { ModelWire } from '../../../../src/contract/admin.ts'
import { selectChoices, selectModelGroups } from './select-models.ts'

const model = (id: string, facts: Partial<NonNullable<ModelWire['halftone']>>): ModelWire => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'x',
  halftone: {
    kind: 'model',
    provider: null,
    publisher_model: null,
    operations: ['generate'],
    sizes: '1024x1024, 1536x1024',
    qualities: ['low', 'high'],
    formats: ['png'],
    max_n: 1,
    max_inputs: 0,
    mask: false,
    streaming: false,
    parameters: [],
    price: '$0.04 per image',
    priced: true,
    sandbox: false,
    assumed: false,
    controls: [],
    upscale: [],
    retired_at: null,
    ...facts,
  },
})

const models = [
  model('sandbox:halftone/flat', { kind: 'offer' }),
  model('halftone/flat', {}),
  model('auto', { kind: 'route', operations: [], qualities: [], sizes: '', formats: [] }),
  model('halftone/upscaler', { operations: ['upscale'] }),
]

describe('the model picker', () => {
  it('routes come first, then models, then offers; what cannot generate is not offered', () => {
    const found = selectModelGroups(models, '').map((group) => [group.label, group.options.map((option) => option.id)])
    expect(found).toEqual([
      ['Routes', ['auto']],
      ['Models', ['halftone/flat']],
      ['Offers', ['sandbox:halftone/flat']],
    ])
  })

  it('every word of the search must match, in any case', () => {
    expect(selectModelGroups(models, 'FLAT sandbox').flatMap((group) => group.options.map((option) => option.id))).toEqual([
      'sandbox:halftone/flat',
    ])
    expect(selectModelGroups(models, 'nothing')).toEqual([])
  })

  it('a model that lists its sizes offers those, one with a rule offers common ones', () => {
    expect(selectChoices(models[1]).sizes).toEqual(['1024x1024', '1536x1024'])
    expect(selectChoices(model('m', { sizes: 'multiples of 16 up to 3840x2160' })).sizes).toContain('1024x1024')
  })

  it('a model without qualities offers none; a route offers the named ones', () => {
    expect(selectChoices(model('m', { qualities: [] })).qualities).toEqual([])
    expect(selectChoices(models[2]).qualities).toEqual(['low', 'medium', 'high'])
  })

  it('a seed is offered where something takes one', () => {
    expect(selectChoices(models[1]).seed).toBe(false)
    expect(selectChoices(model('m', { parameters: ['seed'] })).seed).toBe(true)
    expect(selectChoices(models[2]).seed).toBe(true)
  })
})
