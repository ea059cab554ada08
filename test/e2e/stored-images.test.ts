/** Stored pictures, and what happens when one of them breaks while it is sent. */
import { once } from 'node:events'
import { readdirSync, statSync, truncateSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, it } from 'vitest'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
afterEach(async () => {
  await gateway.close()
  await double.close()
})

const LARGE = 24 * 1024 * 1024

it('a picture that breaks off is a broken connection, not one that waits for ever', async () => {
  double = await startProviderDouble()
  double.script({ imageBytes: LARGE })
  gateway = await startTestGateway({ config: { providers: { painter: compatibleProvider(double) } } })
  const { body } = await gateway.call<{ data: { url: string }[] }>('/v1/images/generations', {
    body: { model: 'acme/painter', prompt: 'a red fox', response_format: 'url' },
  })
  const [answer] = (await once(get(body.data[0]?.url ?? ''), 'response')) as [IncomingMessage]
  // Nobody reads yet: the server has sent what sockets hold, and waits.
  const blobs = join(gateway.folder, 'data', 'blobs')
  const files = readdirSync(blobs, { recursive: true, withFileTypes: true }).map((it) => join(it.parentPath, it.name))
  truncateSync(files.find((file) => statSync(file).size === LARGE) ?? '', 1_000)
  const closed = new Promise<void>((resolve) => answer.once('close', resolve).once('error', () => undefined))
  answer.resume()
  await closed
  expect([answer.statusCode, answer.complete]).toEqual([200, false])
}, 60_000)

it('asking whether a picture is there is no download of it', async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({ config: { providers: { painter: compatibleProvider(double) } } })
  const { body } = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
    body: { model: 'acme/painter', prompt: 'a red fox', n: 2 },
  })
  const [asked, loaded] = (await gateway.record(body.halftone.request_id)).images
  const urlOf = (image: typeof asked) => new URL(image?.url ?? '', gateway.url)
  expect((await fetch(urlOf(asked), { method: 'HEAD' })).status).toBe(200)
  await (await fetch(urlOf(loaded))).arrayBuffer()
  const db = new DatabaseSync(join(gateway.folder, 'data', 'ledger.db'), { readOnly: true })
  const words = () => db.prepare("SELECT asset_id FROM feedback WHERE signal = 'downloaded'").all()
  await expect.poll(words, { timeout: 20_000 }).toContainEqual({ asset_id: loaded?.id })
  expect(words()).toHaveLength(1)
  db.close()
}, 60_000)
