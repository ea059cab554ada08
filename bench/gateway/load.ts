/** Child process: a fixed number of requests over a fixed number of open connections, and how long each took. */
import { connect, type Socket } from 'node:net'
import { MessageReader } from './message-reader.ts'
import type { LoadPlan, LoadResult } from './messages.ts'
import { createNoisePng, type NoisePng } from './noise-png.ts'

const BOUNDARY = 'bench-boundary-7d1f0c'
/** Connections opened at a time: more would overflow the listener's queue and wait for the kernel to try again. */
const CONNECT_BATCH = 100

interface Message {
  readonly head: Buffer
  stamp?(): Buffer
  readonly tail?: Buffer
}

const pictures = new Map<number, NoisePng>()
let serial = Date.now() * 1_000

function createMessage({ port, path, headers, body }: LoadPlan): Message {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  const start = `POST ${path} HTTP/1.1\r\n${lines.join('')}`
  if (body.kind === 'json') {
    const length = Buffer.byteLength(body.text)
    return { head: Buffer.from(`${start}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body.text}`) }
  }
  const png = pictures.get(body.imageBytes) ?? createNoisePng(body.imageBytes)
  pictures.set(body.imageBytes, png)
  const field = (name: string, value: string): string =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const before = Buffer.concat([
    Buffer.from(
      field('model', 'bench/noise') +
        field('prompt', 'Put the cup on a marble table in evening light and leave everything else as it is.') +
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="image"; filename="cup.png"\r\ncontent-type: image/png\r\n\r\n`,
    ),
    png.head,
  ])
  const after = Buffer.concat([png.tail, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)])
  const length = before.length + png.stamp(0).length + after.length
  const type = `content-type: multipart/form-data; boundary=${BOUNDARY}\r\ncontent-length: ${length}\r\n\r\n`
  return {
    head: Buffer.concat([Buffer.from(start + type), before]),
    stamp() {
      serial += 1
      return png.stamp(serial)
    },
    tail: after,
  }
}

async function run(plan: LoadPlan): Promise<LoadResult> {
  const message = createMessage(plan)
  const latenciesMs: number[] = []
  const failures: string[] = []
  let left = plan.count
  // One buffer for all sockets: what arrives is counted at once and never kept.
  const shared = Buffer.allocUnsafeSlow(256 * 1024)

  const open = (): Promise<() => Promise<void>> =>
    new Promise((resolve, reject) => {
      const reader = new MessageReader()
      let sentAt = 0
      let waiting = false
      let finished: () => void = () => undefined
      const send = (socket: Socket): void => {
        if (left === 0) {
          waiting = false
          socket.destroy()
          finished()
          return
        }
        left -= 1
        waiting = true
        sentAt = performance.now()
        socket.cork()
        socket.write(message.head)
        if (message.stamp) socket.write(message.stamp())
        if (message.tail) socket.write(message.tail)
        socket.uncork()
      }
      const take = (count: number, buffer: Uint8Array): boolean => {
        if (!reader.take(Buffer.from(buffer.buffer, buffer.byteOffset, count))) return true
        latenciesMs.push(performance.now() - sentAt)
        const isComplete = reader.head.startsWith('HTTP/1.1 200') && reader.bodyBytes >= plan.answerBytes
        if (!isComplete) failures.push(`${reader.head.split('\r\n', 1)[0]}, ${reader.bodyBytes} bytes`)
        send(socket)
        return true
      }
      const socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true, onread: { buffer: shared, callback: take } })
      const begin = (): Promise<void> =>
        new Promise((done) => {
          finished = done
          send(socket)
        })
      socket.once('connect', () => resolve(begin))
      socket.on('error', reject)
      socket.once('close', () => {
        if (waiting) failures.push('the connection was closed')
        finished()
      })
    })

  const connections: (() => Promise<void>)[] = []
  while (connections.length < plan.concurrency) {
    const batch = Math.min(CONNECT_BATCH, plan.concurrency - connections.length)
    connections.push(...(await Promise.all(Array.from({ length: batch }, open))))
  }
  const startedAt = performance.now()
  await Promise.all(connections.map((begin) => begin()))
  return { elapsedMs: performance.now() - startedAt, latenciesMs, failures }
}

process.on('message', (plan: LoadPlan) => {
  run(plan).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ elapsedMs: 0, latenciesMs: [], failures: [String(error)] } satisfies LoadResult),
  )
})
