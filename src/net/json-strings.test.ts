import { describe, expect, it } from 'vitest'
import { createJsonStrings } from './json-strings.ts'

function stringsOf(json: string, step = json.length): string[] {
  const seen: string[] = []
  const strings = createJsonStrings({
    maxBytes: 64,
    maxDepth: 4,
    found: (path, value) => seen.push(`${path.join('.')}=${value}`),
  })
  const bytes = Buffer.from(json)
  for (let from = 0; from < bytes.length; from += Math.max(1, step)) strings.write(bytes.subarray(from, from + Math.max(1, step)))
  strings.end()
  return seen
}

describe('strings of JSON', () => {
  it.each([
    ['a value has the names above it', '{"a":{"b":"c"},"d":"e"}', ['a.b=c', 'd=e']],
    [
      'lists have no name',
      '{"tools":[{"type":"x"},{"type":"y"}],"all":["p","q"]}',
      ['tools.type=x', 'tools.type=y', 'all=p', 'all=q'],
    ],
    ['a name that stands twice is told of twice', '{"a":"1","a":"2"}', ['a=1', 'a=2']],
    ['escapes are read, in names too', '{"t\\u006fols":"im\\u0061ge\\"\\\\"}', ['tools=image"\\']],
    ['a name after a nested value is a name', '{"a":[{"b":"c"}],"d":{"e":[["f"]]}}', ['a.b=c', 'd.e=f']],
    ['long strings are passed over, quotes in them too', `{"a":"${'\\"x:{'.repeat(40)}","b":"c"}`, ['b=c']],
    ['other values are passed over', '{"a":-1.5e+3,"b":true,"c":null,"d":"é"}', ['d=é']],
    ['a text alone', '"x"', ['=x']],
  ])('%s', (_, json, expected) => {
    expect(stringsOf(json)).toEqual(expected)
    expect(stringsOf(json, 1)).toEqual(expected)
  })

  it.each([
    ['a comment', '{/*"*/"a":"b"}'],
    ['quotes of another kind', "{'a':'b'}"],
    ['a byte order mark', '\uFEFF{}'],
    ['closed by the wrong bracket', '{"a":"b"]'],
    ['an end too many', '{}}'],
    ['no end', '{"a":"b"'],
    ['a string without end', '{"a":"b'],
    ['an escape that is none', '{"a":"\\x"}'],
    ['more levels than allowed', '[[[[[1]]]]]'],
  ])('is refused: %s', (_, json) => {
    expect(() => stringsOf(json)).toThrow(expect.objectContaining({ name: 'ScanError' }))
  })
})
