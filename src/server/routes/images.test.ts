import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Operation } from '../../core/request.ts'
import type { ExecuteInput } from '../../gateway/execution.ts'
import { createProgressBoard } from '../progress.ts'
import { handleImages } from './images.ts'

const board = createProgressBoard()

type Arguments = Parameters<typeof handleImages>

/** Hands a body to the handler, and says what it asked of the gateway, which makes nothing. */
async function hand(operation: Operation, type: string, body: string, onRead: (answer: EventEmitter) => void = () => undefined) {
  const asked: ExecuteInput[] = []
  const answer = Object.assign(new EventEmitter(), { writableFinished: false, destroyed: true, headersSent: false })
  const raw = Object.assign(Readable.from([Buffer.from(body)]), { headers: { 'content-type': type } })
  raw.once('end', () => onRead(answer))
  const context = {
    services: { spool: undefined, newId: () => 'id', log: { error: () => undefined } },
    progress: board,
    settings: { maxBodyBytes: 1_000, publicUrl: 'https://pictures.example' },
    gateway: {
      execute: async (input: ExecuteInput) => {
        asked.push(input)
        throw new Error('nothing is made here')
      },
    },
  }
  const identity = { key: { id: 'key', tags: {} }, project: { id: 'project', tags: {} } }
  const request = { raw, headers: raw.headers }
  const reply = { raw: answer, hijack: () => undefined }
  // As much of each as the way to the gateway touches.
  await handleImages(...([context, operation, request, reply, identity] as unknown as Arguments))
  return asked
}

test('a client that leaves while the end of its body is read is known to be gone', async () => {
  const body = JSON.stringify({ prompt: 'a red fox' })
  const [staying] = await hand('generate', 'application/json', body)
  const [leaving] = await hand('generate', 'application/json', body, (answer) => answer.emit('close'))
  expect([staying?.clientGone.aborted, leaving?.clientGone.aborted]).toEqual([false, true])
})

test('a call that lost against its hedge and ends after the answer is forgotten', async () => {
  const [asked] = await hand('generate', 'application/json', JSON.stringify({ prompt: 'a red fox' }))
  asked?.onProgress?.({ requestId: 'request', attemptId: 'loser', images: 1, share: 0 })
  expect(board.of('request')).toBeUndefined()
})

test('numbers of a form are numbers however its media type is written', async () => {
  const boundary = 'line'
  const field = (name: string, value: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const body = `${field('prompt', 'a fox')}${field('n', '2')}--${boundary}--\r\n`
  for (const type of ['multipart/form-data', 'Multipart/Form-Data']) {
    const handed = hand('edit', `${type}; boundary=${boundary}`, body)
    await expect(handed).rejects.toMatchObject({ message: 'Missing required parameter: "image".' })
  }
})
