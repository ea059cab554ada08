import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS, findChromium, launchChromium } from './support/chromium.ts'

describe('the test browser', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'halftone-chromium-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test('starts and renders a page', { timeout: CHROMIUM_INSTALL_TIMEOUT_MS }, async () => {
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      await page.setContent('<h1>Halftone</h1><script>document.title = "ran"</script>')
      expect(await page.locator('h1').textContent()).toBe('Halftone')
      expect(await page.title()).toBe('ran')
    } finally {
      await browser.close()
    }
  })

  test('is the one CHROME_PATH names', async () => {
    const path = join(folder, 'my-chromium')
    await writeFile(path, '#!/bin/sh\n')
    await chmod(path, 0o755)
    expect(await findChromium({ CHROME_PATH: path, PATH: '' })).toBe(path)
  })

  test('is found on PATH before the usual places', async () => {
    const path = join(folder, 'chromium')
    await writeFile(path, '#!/bin/sh\n')
    await chmod(path, 0o755)
    expect(await findChromium({ PATH: folder })).toBe(path)
  })

  test('a CHROME_PATH that leads nowhere is an error, not another browser', async () => {
    await expect(findChromium({ CHROME_PATH: join(folder, 'gone') })).rejects.toThrow('cannot be executed')
  })
})
