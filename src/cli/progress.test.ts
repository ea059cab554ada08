import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { Output } from './context.ts'
import { startProgress } from './progress.ts'

/** What was drawn on a terminal. */
function terminal() {
  const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 80, cursorTo: () => true, clearLine: () => true })
  let text = ''
  screen.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  // Only what the line needs of an output.
  const out = { animated: true, noteStream: screen, width: 80 } as unknown as Output
  return { out, drawn: () => text }
}

test('what somebody else measures is a bar with its percentage', async () => {
  const { out, drawn } = terminal()
  const progress = await startProgress(out, 'waiting for a model', false)
  progress.percent(0.429)
  await expect.poll(drawn).toContain('━━━━━━━───────── 42 % waiting for a model')
  progress.stop()
})

test('nothing is drawn where the line cannot be redrawn, or was not asked for', async () => {
  for (const [animated, quiet] of [
    [true, true],
    [false, false],
  ] as const) {
    const { out, drawn } = terminal()
    const progress = await startProgress({ ...out, animated }, 'waiting', quiet)
    progress.percent(0.5)
    progress.stop()
    expect(drawn()).toBe('')
  }
})
