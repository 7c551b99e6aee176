import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../../../src/base/errors.ts'
import { firstLine } from '../../../../src/services/batches/first-line.ts'

/** A file of these bytes, and what was read of it. */
function stored(content: Uint8Array) {
  const reads: number[] = []
  const objects = {
    async getRange(_key: string, start: number, length: number) {
      reads.push(length)
      return content.subarray(start, start + length)
    }
  }
  return { read: () => firstLine(objects, { id: 'file_1', bytes: content.length }), reads }
}

const textOf = async (content: string): Promise<string> =>
  Buffer.from(await stored(Buffer.from(content)).read()).toString('utf8')

test('the first line is the first that says something, with or without a line feed behind it', async () => {
  assert.equal(await textOf('\n \r\n\t{"a":1}\n{"b":2}\n'), '{"a":1}')
  assert.equal(await textOf('{"a":1}'), '{"a":1}')
  const long = JSON.stringify({ text: 'x'.repeat(5_000_000) })
  assert.equal(await textOf(`\n${long}\n{}\n`), long)
  assert.equal(await textOf(long), long)
})

test('of a file that begins with nothing but line feeds 64 KiB are read, however many there are', async () => {
  const { read, reads } = stored(Buffer.concat([Buffer.alloc(10_000_000, '\n'), Buffer.from('{}')]))
  await assert.rejects(read, (error) => isAppError(error, 'batch_impossible') && /white space/.test(error.message))
  assert.deepEqual(reads, [65_536])
})
