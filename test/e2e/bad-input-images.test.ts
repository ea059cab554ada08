/** Files that are no images, forms that are no forms, and image URLs that lead inside: refused by name, and no bill. */
import { describe, it } from 'vitest'
import { base, dataUrl, type ExpectedError, expectError, type FormFile, pngBlob, targetOfBadInput } from '../support/bad-input.ts'
import { doublePicture } from '../support/provider-double.ts'

const { edit, insidePort, json, post, redirectingPort } = targetOfBadInput()
/** A header that promises a picture of this size, and a few bytes after it. */
function pngHeader(width: number, height: number): Buffer {
  const bytes = Buffer.from(doublePicture(8, 8))
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

describe('images', () => {
  const picture = doublePicture(8, 8)
  it.each<[string, readonly FormFile[], ExpectedError]>([
    ['no image', [], { code: 'missing_required_parameter', param: 'image' }],
    ['an empty image', [['image', '']], { code: 'invalid_image', param: 'image' }],
    ['text with the name of an image', [['image', 'this is no picture']], { code: 'invalid_image', param: 'image' }],
    ['half a header', [['image', picture.subarray(0, 20)]], { code: 'invalid_image', param: 'image' }],
    ['a PNG that says it has no pixels', [['image', pngHeader(0, 8)]], { code: 'invalid_image', param: 'image' }],
    [
      'a decompression bomb by its header',
      [['image', pngHeader(60_000, 60_000)]],
      { code: 'image_too_large', param: 'image', message: /60000x60000/ },
    ],
    [
      'a small file that decodes to millions of pixels',
      [['image', doublePicture(2_000, 2_000)]],
      { code: 'image_too_large', param: 'image' },
    ],
    [
      'a mask that is no PNG',
      [
        ['image', picture],
        ['mask', Buffer.from('GIF89a\x08\x00\x08\x00\x00\x00\x00;', 'latin1')],
      ],
      { code: 'invalid_image', param: 'mask' },
    ],
    ['a mask alone', [['mask', picture]], { code: 'missing_required_parameter', param: 'image' }],
    [
      'two masks',
      [
        ['image', picture],
        ['mask', picture],
        ['mask', picture],
      ],
      { code: 'invalid_value', param: 'mask' },
    ],
    [
      'a file nobody asked for',
      [
        ['image', picture],
        ['attachment', picture],
      ],
      { code: 'unknown_parameter', param: 'attachment' },
    ],
    [
      'a file named after a prototype',
      [
        ['image', picture],
        ['constructor', picture],
      ],
      { code: 'unknown_parameter', param: 'constructor' },
    ],
    [
      'too many files',
      Array.from({ length: 21 }, () => ['image[]', picture] as const),
      { code: 'invalid_value', param: 'image' },
    ],
    [
      'more images than the model takes',
      Array.from({ length: 17 }, () => ['image[]', picture] as const),
      { code: 'unsupported_parameter', param: 'image' },
    ],
  ])('%s', async (_, files, expected) => {
    await expectError(await edit(files), expected)
  })

  it('in a form: a field that is sent twice is refused, not decided by its order', async () => {
    const form = new FormData()
    for (const [name, value] of [...Object.entries(base), ['n', '1'], ['n', '10']]) form.append(String(name), String(value))
    form.append('image', pngBlob(picture), 'photo.png')
    await expectError(await post('/v1/images/edits', form), { code: 'invalid_value', param: 'n', message: /twice/ })
  })

  it.each<[string, object, ExpectedError]>([
    ['an unknown field', { ...base, sise: '1' }, { code: 'unknown_parameter', param: 'sise' }],
    [
      'a prototype field',
      Object.fromEntries([...Object.entries(base), ['__proto__', 'x']]),
      { code: 'unknown_parameter', param: '__proto__' },
    ],
    ['n that is no number', { ...base, n: 'two' }, { code: 'invalid_value', param: 'n' }],
    ['no prompt', { model: 'gpt-image-2' }, { code: 'missing_required_parameter', param: 'prompt' }],
  ])('in a form: %s', async (_, fields, expected) => {
    await expectError(await edit([['image', picture]], fields), expected)
  })

  it.each<[string, string, string, ExpectedError]>([
    ['no boundary', 'multipart/form-data', 'x', { code: 'invalid_multipart' }],
    [
      'cut off inside a file',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n\x89PNG',
      { code: 'invalid_multipart' },
    ],
    ['cut off inside a header', 'multipart/form-data; boundary=b', '--b\r\nContent-Dispo', { code: 'invalid_multipart' }],
    [
      'another boundary than announced',
      'multipart/form-data; boundary=b',
      '--c\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n--c--\r\n',
      { code: 'invalid_multipart' },
    ],
    ['nothing', 'multipart/form-data; boundary=b', '', { code: 'invalid_multipart' }],
  ])('a form with %s', async (_, type, body, expected) => {
    await expectError(await post('/v1/images/edits', Buffer.from(body, 'latin1'), { 'content-type': type }), expected)
  })

  it.each<[string, string, ExpectedError]>([
    ['control characters', 'a\x01\x1b.png', { code: 'invalid_multipart' }],
    ['an encoded line break', 'a%0d%0aevil: 1.png', { code: 'unknown_parameter', param: 'sise' }],
    ['a path', '../../../etc/passwd', { code: 'unknown_parameter', param: 'sise' }],
  ])('a file name with %s goes nowhere', async (_, name, expected) => {
    const field = (name: string, value: string): string =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const body = Buffer.concat([
      Buffer.from(field('prompt', 'x') + field('sise', '1')),
      Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="image"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`,
        'latin1',
      ),
      picture,
      Buffer.from('\r\n--b--\r\n'),
    ])
    await expectError(await post('/v1/images/edits', body, { 'content-type': 'multipart/form-data; boundary=b' }), expected)
  })

  it('more fields than a form can have are refused, not forgotten', async () => {
    const fields = { ...base, ...Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`field${index}`, 'x'])) }
    await expectError(await edit([['image', picture]], fields), { code: 'invalid_value' })
  })
})

describe('image URLs reach public hosts only', () => {
  const fetchImage = (image_url: unknown): Promise<Response> => json('/v1/images/edits', { ...base, images: [{ image_url }] })

  it.each<[string, () => string]>([
    ['loopback', () => `http://127.0.0.1:${insidePort()}/a.png`],
    ['loopback by name', () => `http://localhost:${insidePort()}/a.png`],
    ['another loopback address', () => `http://127.8.9.10:${insidePort()}/a.png`],
    ['IPv6 loopback', () => `http://[::1]:${insidePort()}/a.png`],
    ['IPv4 inside IPv6', () => `http://[::ffff:127.0.0.1]:${insidePort()}/a.png`],
    ['IPv4 inside IPv6, in hex', () => `http://[::ffff:7f00:1]:${insidePort()}/a.png`],
    ['a decimal address', () => `http://2130706433:${insidePort()}/a.png`],
    ['a hex address', () => `http://0x7f000001:${insidePort()}/a.png`],
    ['an octal address', () => `http://0177.0.0.1:${insidePort()}/a.png`],
    ['a short address', () => `http://127.1:${insidePort()}/a.png`],
    ['the zero address', () => `http://0.0.0.0:${insidePort()}/a.png`],
    ['cloud metadata', () => 'http://169.254.169.254/latest/meta-data/'],
    ['a private network', () => 'http://10.0.0.1/a.png'],
    ['a link-local IPv6 address', () => 'http://[fe80::1]/a.png'],
    ['a unique local IPv6 address', () => 'http://[fd00::1]/a.png'],
    ['a trailing dot', () => `http://localhost.:${insidePort()}/a.png`],
    ['full-width digits', () => `http://１２７.0.0.1:${insidePort()}/a.png`],
    ['an allowed host that redirects to a private one', () => `http://127.0.0.1:${redirectingPort()}/a.png`],
    ['a user name', () => `http://user:pass@127.0.0.1:${insidePort()}/a.png`],
    ['a host as user name', () => `http://example.com@127.0.0.1:${insidePort()}/a.png`],
    ['the file scheme', () => 'file:///etc/passwd'],
    ['the ftp scheme', () => 'ftp://example.com/a.png'],
    ['a script', () => 'javascript:alert(1)'],
    ['no URL', () => 'not a url'],
    ['a host without an address', () => 'https://no-such-host.invalid/a.png'],
  ])('%s', async (_, url) => {
    await expectError(await fetchImage(url()), { code: 'invalid_image_url', param: 'images[0].image_url' })
  })

  it('a data: URL without base64', async () => {
    await expectError(await fetchImage('data:image/svg+xml,<svg/>'), { code: 'invalid_image', param: 'images[0]' })
  })

  it('a data: URL with broken base64', async () => {
    await expectError(await fetchImage(`data:image/png;base64,${'@@@@'.repeat(2_000)}`), { code: 'invalid_image' })
  })

  it('a file id that nobody uploaded', async () => {
    const response = await json('/v1/images/edits', { ...base, images: [{ file_id: 'file-123' }] })
    await expectError(response, { status: 404, type: 'not_found_error', code: 'not_found', param: 'images[0].file_id' })
  })

  it('the body is checked before anything is fetched', async () => {
    const images = Array.from({ length: 500 }, () => ({ image_url: 'https://no-such-host.invalid/a.png' }))
    await expectError(await json('/v1/images/edits', { ...base, images }), { code: 'invalid_value', param: 'images' })
    await expectError(await json('/v1/images/edits', { ...base, n: 99, images: images.slice(0, 1) }), {
      code: 'invalid_value',
      param: 'n',
    })
  })

  it('image data where none belongs', async () => {
    const response = await json('/v1/images/edits', {
      ...base,
      user: dataUrl(doublePicture(8, 8, { bytes: 20_000 })),
      images: [{ image_url: dataUrl(doublePicture(8, 8)) }],
    })
    await expectError(response, { code: 'invalid_value' })
  })
})
