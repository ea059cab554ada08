import { expect, test } from 'vitest'
import { createBlobGuard } from './blob-guard.ts'

test('bytes that someone holds are not deleted, and are again once every holder let go', async () => {
  const guard = createBlobGuard()
  const deleted: string[] = []
  const remove = (sha256: string) => guard.whileUnheld(sha256, async () => deleted.push(sha256))
  await guard.hold('a')
  await guard.hold('a')
  await remove('a')
  guard.release('a')
  await remove('a')
  expect(deleted).toEqual([])
  guard.release('a')
  await remove('a')
  expect(deleted).toEqual(['a'])
})

test('storing waits for a deletion that has begun', async () => {
  const guard = createBlobGuard()
  const order: string[] = []
  const deletion = guard.whileUnheld('a', async () => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    order.push('deleted')
  })
  await guard.hold('a')
  order.push('stored')
  await deletion
  expect(order).toEqual(['deleted', 'stored'])
})

test('a deletion that fails holds nobody up', async () => {
  const guard = createBlobGuard()
  const deletion = guard.whileUnheld('a', () => Promise.reject(new Error('busy')))
  await guard.hold('a')
  await expect(deletion).resolves.toBeUndefined()
})
