/** Child process: an Images API that answers every request with a picture of its own, of the size it was told. */
import { createServer, type Socket } from 'node:net'
import { MessageReader } from './message-reader.ts'
import type { AnswerPlan, UpstreamReport } from './messages.ts'
import { createNoisePng } from './noise-png.ts'

const JSON_HEAD = '{"created":1767225600,"data":[{"b64_json":"'
const JSON_TAIL =
  '"}],"usage":{"input_tokens":50,"output_tokens":1056,"total_tokens":1106,"input_tokens_details":{"image_tokens":0,"text_tokens":50}}}'

interface Answer {
  readonly head: Buffer
  stamp(): Buffer
  readonly tail: Buffer
}

/** The base64 of a picture is three joined texts, as each part is a multiple of three bytes. */
function createAnswer(bytes: number): Answer {
  const png = createNoisePng(Math.floor(((bytes - JSON_HEAD.length - JSON_TAIL.length) * 3) / 4))
  const length = JSON_HEAD.length + (png.bytes / 3) * 4 + JSON_TAIL.length
  const http = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`
  return {
    head: Buffer.from(http + JSON_HEAD + png.head.toString('base64')),
    stamp() {
      serial += 1
      return Buffer.from(png.stamp(serial).toString('base64'))
    },
    tail: Buffer.from(png.tail.toString('base64') + JSON_TAIL),
  }
}

let serial = Date.now() * 1_000
let plan: AnswerPlan = { bytes: 1024 }
let answer = createAnswer(plan.bytes)
const answers = new Map<number, Answer>()
let gathered: Socket[] = []

const report = (message: UpstreamReport): void => void process.send?.(message)

function reply(socket: Socket): void {
  socket.cork()
  socket.write(answer.head)
  socket.write(answer.stamp())
  socket.write(answer.tail)
  socket.uncork()
}

function onRequest(socket: Socket): void {
  if (!plan.gate) {
    reply(socket)
    return
  }
  gathered.push(socket)
  if (gathered.length < plan.gate.count) return
  const released = gathered
  gathered = []
  report({ kind: 'gathered' })
  setTimeout(() => {
    for (const held of released) reply(held)
  }, plan.gate.holdMs)
}

const server = createServer({ noDelay: true }, (socket) => {
  const reader = new MessageReader()
  socket.on('data', (data) => {
    if (reader.take(data)) onRequest(socket)
  })
  socket.on('error', () => socket.destroy())
})

process.on('message', (next: AnswerPlan) => {
  plan = next
  answer = answers.get(next.bytes) ?? createAnswer(next.bytes)
  answers.set(next.bytes, answer)
  report({ kind: 'planned' })
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address()
  if (address && typeof address === 'object') report({ kind: 'listening', port: address.port })
})
