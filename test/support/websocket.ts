/** The server's side of a websocket, as much as a double needs: the handshake and text messages. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Gives back how to send a message; whether the socket is still open is not asked. */
export function acceptWebSocket({ headers }: IncomingMessage, socket: Duplex): (text: string) => void {
  const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.on('error', () => undefined)
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'upgrade: websocket',
      'connection: upgrade',
      `sec-websocket-accept: ${accept}`,
      '',
      '',
    ].join('\r\n'),
  )
  return (text) => {
    const payload = Buffer.from(text)
    const head =
      payload.length < 126
        ? Buffer.from([0x81, payload.length])
        : Buffer.from([0x81, 126, payload.length >> 8, payload.length & 255])
    if (!socket.destroyed) socket.write(Buffer.concat([head, payload]))
  }
}
