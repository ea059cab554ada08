import { expect, it } from 'vitest'
import type { OfferFactsWire } from '../../../../src/contract/facts.ts'
import { capabilityLines, factLines } from './select-capabilities.ts'

const model = {
  kind: 'offer',
  provider: 'acme',
  publisher_model: 'acme/brush',
  operations: ['generate', 'remove_background'],
  sizes: '1024x1024',
  qualities: [],
  formats: ['png'],
  max_n: 1,
  max_inputs: 2,
  mask: true,
  controls: [],
  upscale: [2, 4],
  streaming: false,
  parameters: ['seed'],
  price: '$0.02 per image',
  priced: true,
  sandbox: false,
  assumed: true,
  retired_at: null,
} as const

it('capabilities name what there is and leave out what there is not', () => {
  expect(
    Object.fromEntries(
      capabilityLines({
        ...model,
        operations: [...model.operations],
        qualities: [],
        formats: ['png'],
        controls: [],
        upscale: [2, 4],
        parameters: ['seed'],
      }),
    ),
  ).toEqual({
    Operations: 'generate, remove background',
    Sizes: '1024x1024',
    Formats: 'png',
    'Images a call': 'one',
    'Pictures sent': 'up to 2, with a mask',
    Enlarges: '2x, 4x',
    Parameters: 'seed',
    'Wire format': 'assumed: chosen only when it is named',
  })
})

it('a fact is told with its source, and an unknown one is never told as met', () => {
  const source = { kind: 'official', url: 'https://acme.example', checked_at: '2026-11-01' } as const
  const facts: OfferFactsWire = {
    region: { value: ['us', 'eu'], source },
    retention: { value: 0, source },
    training: { value: 'no', source },
    licence: null,
    watermark: { value: 'none', source },
    credentials: null,
  }
  expect(factLines(facts).map(({ text, source: from }) => [text, from?.checkedAt ?? null])).toEqual([
    ['US, eu', '2026-11-01'],
    ['not at all', '2026-11-01'],
    ['never', '2026-11-01'],
    ['unknown', null],
    ['none', '2026-11-01'],
    ['unknown', null],
  ])
})
