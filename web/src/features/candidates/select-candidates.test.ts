import { describe, expect, it } from 'vitest'
import { selectEliminated, settingsText } from './select-candidates.ts'

describe('candidates', () => {
  it('eliminations are counted by reason, most frequent first', () => {
    const out = (offer: string, reason: string) => ({ offer, reason, detail: `${offer} ${reason}`, param: null })
    expect(selectEliminated([out('a', 'size'), out('b', 'quality'), out('c', 'quality')])).toEqual([
      { reason: 'quality', count: 2, example: 'b quality' },
      { reason: 'size', count: 1, example: 'a size' },
    ])
  })

  it('settings name only what there is', () => {
    expect(settingsText({ quality: 'low', size: '512x512' })).toBe('low, 512x512')
    expect(settingsText({ quality: null, size: '512x512' })).toBe('512x512')
  })
})
