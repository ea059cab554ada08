import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DOUBLE_KEY, type GatewayDouble, startGatewayDouble } from './gateway-double.ts'
import { PIXEL, REQUEST_ID } from './records/call.ts'
import { quoteRecord } from './records/quote.ts'
import { receiptRecord } from './records/receipt.ts'
import { requestRecords } from './records/requests.ts'
import { type CliOptions, runCli } from './run-cli.ts'

let gateway: GatewayDouble
let cwd: string
beforeAll(async () => {
  gateway = await startGatewayDouble()
})
beforeEach(async () => {
  if (cwd) await rm(cwd, { recursive: true, force: true })
  cwd = await mkdtemp(join(tmpdir(), 'halftone-cli-'))
})
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true })
  await gateway.close()
})

const run = (args: readonly string[], options: CliOptions = {}) =>
  runCli(args, { cwd, ...options, env: { HALFTONE_URL: gateway.url, HALFTONE_KEY: DOUBLE_KEY, ...options.env } })

describe('what is printed', () => {
  const commands: readonly { args: readonly string[]; holds: readonly string[] }[] = [
    { args: ['quote', 'a fox'], holds: ['cheap:publisher/flat', '$0.211123456', 'no bound', '1st choice', 'size 2, unpriced 1'] },
    { args: ['quote', 'a fox'], holds: ['autumn: main:publisher/fine gives its look', '$0.04306 above cheap:publisher/flat'] },
    {
      args: ['quote', 'a fox'],
      holds: ['* what the offer does where', 'Quote id', 'holds the request to $0.01, until 2026-11-22 14:20:00 UTC'],
    },
    { args: ['quote', '--all', '--lines'], holds: ['makes 512x512 only', '12 text tokens in at $5 per 1,000,000'] },
    { args: ['requests'], holds: ['a1b2c3d4', '$0.05306', '~$0.04', 'running', 'may have billed the call'] },
    { args: ['receipt', 'last'], holds: [REQUEST_ID, '$0.00006', '$0.06306', 'provisional', 'main:publisher/fine'] },
    { args: ['receipt', 'a1b2c3d4'], holds: [REQUEST_ID] },
    {
      args: ['explain', 'last', '--all'],
      holds: ['by cost', '0.0104', 'no price for images.out', '3, by API', '4be1c0a7f2d3', 'Would save', '$0.04306'],
    },
    { args: ['observe', 'trial'], holds: ['1000', '$12.5', 'less', '85.0 % of 40 words', 'cheap:publisher/flat'] },
    { args: ['models'], holds: ['auto', 'unpriced: never chosen'] },
    { args: ['models', 'fine'], holds: ['1536x1024', '16, and a mask'] },
    { args: ['keys', 'list', '--all'], holds: ['shop front', '$25', 'revoked 2026-11-02'] },
    { args: ['keys', 'create', 'new', '--tag', 'team=shop'], holds: ['ht_secret_0123456789', 'never shown again'] },
    { args: ['keys', 'revoke', 'shop front end', '--yes'], holds: ['Revoked "shop front end"'] },
    { args: ['generate', 'fox', '--dry-run'], holds: ['Nothing was sent'] },
  ]
  for (const { args, holds } of commands) {
    test(`halftone ${args.join(' ')}: within 80 columns, without colour off a terminal`, async () => {
      const { code, stdout, stderr } = await run(args)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      for (const text of holds) expect(stdout).toContain(text)
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
      expect(stdout).not.toContain('\u001b')
    })
  }

  test('--json is the object of the API', async () => {
    expect(JSON.parse((await run(['quote', 'a fox', '--json'])).stdout)).toEqual(quoteRecord)
    expect(JSON.parse((await run(['receipt', 'last', '--json'])).stdout)).toEqual(receiptRecord)
    expect(JSON.parse((await run(['requests', '--json', '--limit', '2'])).stdout).data).toEqual(requestRecords.slice(0, 2))
  })

  test('colour where it is forced, none where NO_COLOR is set', async () => {
    expect((await run(['receipt', 'last'], { env: { FORCE_COLOR: '1' } })).stdout).toContain('\u001b[1m')
    expect((await run(['receipt', 'last'], { env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
  })
})

describe('generate', () => {
  test('saves the bytes and tells where, cost, offer and request', async () => {
    const { code, stdout, stderr } = await run([
      'generate',
      'fox',
      '-o',
      'out/',
      '-m',
      'auto',
      '--tag',
      'a=b',
      '--max-cost',
      '0.50',
    ])
    expect(code).toBe(0)
    expect(await readFile(join(cwd, 'out/halftone-a1b2c3d4.png'))).toEqual(Buffer.from(PIXEL, 'base64'))
    for (const text of ['out/halftone-a1b2c3d4.png', '$0.05306', '2 attempts', REQUEST_ID]) expect(stdout).toContain(text)
    expect(stderr).toContain('another offer made the image')
    const sent = JSON.parse(gateway.seen.at(-1)?.body ?? '')
    expect(sent).toEqual({
      prompt: 'fox',
      model: 'auto',
      response_format: 'b64_json',
      halftone: { max_cost_usd: '0.50', tags: { a: 'b' } },
    })
  })

  test('--stream asks for partial pictures and saves the final one', async () => {
    const { code } = await run(['generate', 'fox', '--stream', '-o', 'fox.png'])
    expect(code).toBe(0)
    expect(JSON.parse(gateway.seen.at(-1)?.body ?? '')).toEqual({
      prompt: 'fox',
      output_format: 'png',
      stream: true,
      partial_images: 2,
      halftone: { progress: true },
    })
    expect(await readFile(join(cwd, 'fox.png'))).toEqual(Buffer.from(PIXEL, 'base64'))
  })

  test('--progress asks how far it is, and for no partial pictures', async () => {
    const { code } = await run(['generate', 'fox', '--progress', '-o', 'fox.png'])
    expect(code).toBe(0)
    const sent = { prompt: 'fox', output_format: 'png', stream: true, halftone: { progress: true } }
    expect(JSON.parse(gateway.seen.at(-1)?.body ?? '')).toEqual(sent)
    expect(await readFile(join(cwd, 'fox.png'))).toEqual(Buffer.from(PIXEL, 'base64'))
  })

  test('--edit sends the files as multipart, byte for byte', async () => {
    const bytes = Buffer.from('\x89PNG\r\n\x1a\n\0\xff--\x80\n', 'latin1')
    for (const name of ['a.png', 'b.png', 'm.png']) await writeFile(join(cwd, name), bytes)
    const { code } = await run(['generate', 'night', '--edit', 'a.png', 'b.png', '--mask', 'm.png', '--tag', 'x=1'])
    expect(code).toBe(0)
    const { body, contentType } = gateway.seen.at(-1)!
    expect(contentType).toMatch(/^multipart\/form-data; boundary=/)
    expect(body.match(/name="image\[\]"; filename="[ab]\.png"/g)).toHaveLength(2)
    expect(body).toContain('name="mask"; filename="m.png"')
    expect(body.split(bytes.toString('latin1'))).toHaveLength(4)
    expect(body).toContain('{"tags":{"x":"1"}}')
  })

  test('a name that says another format than the bytes is warned about', async () => {
    expect((await run(['generate', 'fox', '-o', 'fox.webp'])).stderr).toContain('fox.webp holds a PNG picture')
  })

  test('nothing is asked for when the folder cannot be written', async () => {
    await writeFile(join(cwd, 'file'), '')
    const before = gateway.seen.length
    expect(await run(['generate', 'fox', '-o', 'file/fox.png'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Nothing was sent'),
    })
    expect(gateway.seen).toHaveLength(before)
  })
})

describe('exit codes', () => {
  const cases: readonly { rule: string; args: readonly string[]; env?: Record<string, string>; code: number; says: string }[] = [
    { rule: 'an unknown option', args: ['quote', '--sise', '1'], code: 2, says: 'Did you mean --size?' },
    { rule: 'an unknown command', args: ['genrate'], code: 2, says: 'Did you mean generate?' },
    { rule: 'a missing argument', args: ['keys', 'create'], code: 2, says: "missing required argument 'name'" },
    { rule: 'a missing subcommand', args: ['keys'], code: 2, says: 'list, create, revoke' },
    { rule: 'a number that is none', args: ['requests', '--limit', 'all'], code: 2, says: 'from 1 to 200' },
    { rule: 'an unknown id', args: ['receipt', 'ffffffff'], code: 2, says: 'None of the newest' },
    { rule: 'what the gateway does not know', args: ['generate', 'model_not_found'], code: 2, says: REQUEST_ID },
    { rule: 'a question nobody can answer', args: ['keys', 'revoke', 'admin'], code: 2, says: '--yes' },
    {
      rule: 'a bad configuration',
      args: ['requests'],
      env: { HALFTONE_KEY: '', HALFTONE_PORT: 'x' },
      code: 3,
      says: 'HALFTONE_PORT',
    },
    { rule: 'no gateway', args: ['models', '--url', 'http://127.0.0.1:1'], code: 4, says: 'halftone serve' },
    { rule: 'a wrong key', args: ['models', '--key', 'wrong'], code: 5, says: 'This key is not valid' },
    { rule: 'a spent budget', args: ['generate', 'insufficient_quota'], code: 6, says: 'raise the budget' },
    { rule: 'a provider that fails', args: ['generate', 'provider_timeout'], code: 7, says: 'provider_timeout' },
    { rule: 'refused content', args: ['generate', 'content_refused'], code: 8, says: 'change the prompt' },
  ]
  for (const { rule, args, env = {}, code, says } of cases) {
    test(`${rule} is ${code}, one message, no stack`, async () => {
      const result = await run(args, { env })
      expect(result.code, result.stderr).toBe(code)
      expect(result.stderr).toMatch(/^error: /)
      expect(result.stderr).toContain(says)
      expect(result.stderr).not.toMatch(/\n\s+at /)
      expect(result.stdout).toBe('')
    })
  }

  test('under --json an error is one JSON line with remedy, request and exit code', async () => {
    const { stderr } = await run(['generate', 'insufficient_quota', '--json'])
    expect(JSON.parse(stderr)).toEqual({
      error: {
        message: 'It is insufficient_quota.',
        remedy: expect.any(String),
        code: 'insufficient_quota',
        request_id: REQUEST_ID,
        exit_code: 6,
      },
    })
  })

  test('an address where something else answers is no gateway', async () => {
    const other = createServer((_, response) => response.end('<html>It works</html>'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { code, stderr } = await run(['models', '--url', `http://127.0.0.1:${(other.address() as AddressInfo).port}`])
    other.close()
    expect(code).toBe(4)
    expect(stderr).toContain('not like a Halftone gateway')
  })

  test('a gateway that goes away in the middle says how to find out what it cost', async () => {
    const dying = createServer((request) => request.socket.destroy())
    await new Promise<void>((resolve) => dying.listen(0, '127.0.0.1', resolve))
    const { code, stderr } = await run(['generate', 'fox', '--url', `http://127.0.0.1:${(dying.address() as AddressInfo).port}`])
    dying.close()
    expect(code).toBe(4)
    expect(stderr).toContain('halftone requests')
    expect(await readdir(cwd)).toEqual([])
  })
})
