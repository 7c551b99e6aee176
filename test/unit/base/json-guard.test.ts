import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { JsonGuard } from '../../../src/base/json-guard.ts'
import { prng } from '../../../src/math/prng.ts'

/** Bytes that were taken before it was refused; null when it never was. */
function refusedAfter(body: Buffer, chunkBytes: number): number | null {
  const guard = new JsonGuard('body')
  for (let at = 0; at < body.length; at += chunkBytes) {
    if (!guard.take(body.subarray(at, at + chunkBytes))) return Math.min(body.length, at + chunkBytes)
    assert.equal(guard.refusal, null)
  }
  return null
}

const MIB = 1024 * 1024
const text = (unit: string, bytes = 2 * MIB) => unit.repeat(Math.ceil(bytes / unit.length))

describe('the shape of a JSON body', () => {
  for (const [what, body] of Object.entries({
    'an array of empty objects': `[${text('{},')}{}]`,
    'an array of arrays': `[${text('[],')}[]]`,
    'arrays in arrays': text('['),
    'objects in objects': text('{"a":'),
    'a name again and again': `{${text('"a":1,')}"a":1}`,
    numbers: `[${text('1,')}1]`,
    'empty texts': `[${text('"",')}""]`,
    'short texts': `[${text('"abcdefg",')}""]`,
    'one long number': `{"input":${text('1')}}`,
    'white space': `{"input":${text(' ')}1}`,
    'a long name': `{"${text('a')}":1}`,
    'a name of escapes': `{"${text('\\"')}":1}`,
    'text that is not ASCII': `{"input":"${text('é')}"}`,
    'commas behind an escaped quote': `{"input":"\\"",${text(',')}`,
    'commas behind an escaped backslash': `{"input":"\\\\",${text(',')}`
  })) {
    it(`refuses ${what}, however it is cut into chunks`, () => {
      const bytes = Buffer.from(body)
      for (const chunkBytes of [1, 2, 3, 31, 33, 65_536, bytes.length]) {
        assert.ok(refusedAfter(bytes, chunkBytes) !== null, `in chunks of ${chunkBytes}`)
      }
    })
  }

  for (const [what, body] of Object.entries({
    'images as base64': JSON.stringify({ input: [text('QUJD'), text('+/9=')] }),
    'base64 whose slashes are escaped': `{"input":"${text(`${'A'.repeat(20)}\\/`)}"}`,
    'a text full of what counts outside of it': `{"input":"${text('[{,:}]')}"}`,
    'a text with an escape now and then': `{"input":"${text(`${'A'.repeat(50)}\\/`)}"}`,
    'a text of escaped quotes': `{"input":"${text('\\"')}"}`,
    'a text of escaped backslashes': `{"input":"${text('\\\\')}"}`,
    'the parts of the largest upload': JSON.stringify({
      parts: Array.from({ length: 10_000 }, (_, part) => ({ part, etag: `"${'0'.repeat(32)}"` }))
    }),
    'the places of the largest selection': JSON.stringify({
      indices: Array.from({ length: 100_000 }, (_, i) => 9_999_999 - i)
    }),
    'a recipe': JSON.stringify({ a: { b: { c: [[1, 2], { d: 'é' }] } } })
  })) {
    it(`takes ${what}, however it is cut into chunks`, () => {
      const bytes = Buffer.from(body)
      for (const chunkBytes of [1, 7, 33, 65_536, bytes.length]) {
        assert.equal(refusedAfter(bytes, chunkBytes), null, `in chunks of ${chunkBytes}`)
      }
    })
  }

  it('refuses at the first chunk that is too much', () => {
    assert.ok((refusedAfter(Buffer.from(`[${text('{},', 8 * MIB)}`), 65_536) ?? 0) < 256 * 1024)
  })

  it('sees strings where JSON.parse sees them', () => {
    const random = prng(11)
    const pieces = ['"', '\\"', '\\\\', ',', 'a', '[', ']', ' ', 'x'.repeat(40), '\\u0041']
    for (let round = 0; round < 500; round++) {
      const content = Array.from({ length: 1 + random.integer(60) }, () => pieces[1 + random.integer(9)]).join('')
      // Right behind the string come as many levels as are allowed: one that is taken for text, or text for one, shows.
      const body = (levels: number) => Buffer.from(`["${content}",${'['.repeat(levels)}${']'.repeat(levels)}]`)
      assert.doesNotThrow(() => JSON.parse(body(31).toString()))
      const chunkBytes = 1 + random.integer(round % 2 === 0 ? 50 : 2000)
      assert.equal(refusedAfter(body(31), chunkBytes), null, body(31).toString())
      assert.notEqual(refusedAfter(body(32), chunkBytes), null, body(32).toString())
    }
  })
})
