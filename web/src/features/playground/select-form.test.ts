import { describe, expect, it } from 'vitest'
import { changeForm, formOfRequest, parsePlaygroundSearch, selectBody, selectQuoteBody } from './select-form.ts'

describe('the playground form', () => {
  it('a full form survives the URL', () => {
    const form = { model: 'auto', size: '1536x1024', quality: 'high', n: 3, format: 'webp', seed: 0 } as const
    expect(parsePlaygroundSearch({ ...form })).toEqual(form)
  })

  it.each([
    { n: 1 },
    { n: 11 },
    { n: '3' },
    { n: 1.5 },
    { size: '0x10' },
    { size: 'auto' },
    { quality: 'best' },
    { format: 'bmp' },
    { seed: -1 },
    { seed: 4_294_967_296 },
    { model: '' },
    { planned: 40 },
    { within: 24 },
    { count: 0 },
    { count: '10' },
    { group: '' },
    { prompt: 'secret' },
  ])('what the gateway would refuse or decide itself is left out: %o', (search) => {
    expect(parsePlaygroundSearch(search)).toEqual({})
  })

  it('undefined gives a setting back to the gateway', () => {
    expect(changeForm({ size: '512x512', n: 2 }, { size: undefined })).toEqual({ n: 2 })
  })

  it('the body names only what was chosen', () => {
    expect(selectBody({}, '  a fox ')).toEqual({ model: 'auto', prompt: 'a fox', response_format: 'url' })
    expect(selectBody({ model: 'm', seed: 0, format: 'webp' }, 'a fox')).toMatchObject({
      model: 'm',
      seed: 0,
      output_format: 'webp',
    })
  })

  it('a group and its plan are sent with the request, and the quote is of the request and of the whole group', () => {
    const form = parsePlaygroundSearch({ group: 'autumn', planned: 40 })
    expect(selectBody(form, 'a fox')).toMatchObject({ halftone: { group: 'autumn', group_size: 40 } })
    expect(selectQuoteBody(form, 'a fox')).toEqual({ ...selectBody(form, 'a fox'), explain: true, job: { count: 40 } })
    expect(selectQuoteBody({ group: 'autumn' }, 'a fox')).not.toHaveProperty('job')
  })

  it('many of them are quoted as a job, until when they are needed, and the request itself stays what it is', () => {
    const form = parsePlaygroundSearch({ count: 10_000, within: 24, group: 'autumn', planned: 40 })
    expect(selectQuoteBody(form, 'a fox').job).toEqual({ count: 10_000, deadline_ms: 86_400_000 })
    expect(selectBody(form, 'a fox')).not.toHaveProperty('job')
    expect(parsePlaygroundSearch({ count: 10_000, within: 5 })).toEqual({ count: 10_000 })
  })

  it('a recorded request can be made again, its size as the ledger keeps it', () => {
    expect(formOfRequest('auto', 2, { size: { width: 800, height: 600 }, format: 'png' })).toEqual({
      model: 'auto',
      n: 2,
      size: '800x600',
      format: 'png',
    })
    expect(formOfRequest('auto', 1, { size: '512x512', quality: 'auto', output_format: 'png' })).toEqual({
      model: 'auto',
      size: '512x512',
      format: 'png',
    })
  })
})
