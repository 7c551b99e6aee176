import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createMessageReader,
  query,
  readGreeting,
  readStatement,
  readyForQuery,
  readyStatus,
  startupMessage,
  sync
} from '../../../src/storage/postgres/wire.ts'

const parse = (name: string, text: string) => {
  const body = Buffer.from(`${name}\0${text}\0\0\0`)
  const head = Buffer.alloc(5)
  head.write('P')
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}

describe('the message reader', () => {
  test('cuts a stream into the same messages, however it is chopped', () => {
    const stream = Buffer.concat([query('select 1'), sync(), parse('', 'select 2'), query('x'.repeat(1000))])
    for (const size of [1, 2, 3, 5, 7, 100, stream.length]) {
      const read = createMessageReader()
      const types: string[] = []
      const bytes: Buffer[] = []
      for (let i = 0; i < stream.length; i += size) {
        for (const message of read(stream.subarray(i, i + size), () => true)) {
          types.push(message.type)
          bytes.push(message.bytes)
        }
      }
      assert.deepEqual(types, ['Q', 'S', 'P', 'Q'], `chunks of ${size}`)
      assert.ok(Buffer.concat(bytes).equals(stream))
    }
  })

  test('reads what has no type until it is told otherwise', () => {
    const read = createMessageReader()
    let isTyped = false
    const startup = startupMessage('u', 'd')
    assert.deepEqual(
      read(startup.subarray(0, 3), () => isTyped),
      []
    )
    const [message] = read(startup.subarray(3), () => isTyped)
    assert.equal(message?.type, '')
    assert.equal(readGreeting(message!.bytes), 'startup')
    isTyped = true
    assert.equal(read(sync(), () => isTyped)[0]?.type, 'S')
  })

  test('throws at lengths that cannot be', () => {
    for (const length of [-1, 0, 3, 0x7fffffff]) {
      const bytes = Buffer.alloc(5)
      bytes.write('Q')
      bytes.writeInt32BE(length, 1)
      assert.throws(() => createMessageReader()(bytes, () => true), /a message of/)
    }
  })
})

test('the status of an answer is that of its last six bytes', () => {
  assert.equal(readyStatus(Buffer.concat([Buffer.from('data'), readyForQuery('E')])), 'E')
  assert.equal(readyStatus(readyForQuery('I')), 'I')
  assert.equal(readyStatus(Buffer.from('Z')), null)
  assert.equal(readyStatus(Buffer.from('no end here')), null)
})

test('statements are read with the name they would keep', () => {
  const statementOf = (bytes: Buffer, type: string) => readStatement({ type, bytes })
  assert.deepEqual(statementOf(query('select 1'), 'Q'), { name: '', text: 'select 1' })
  assert.deepEqual(statementOf(parse('s1', 'select 2'), 'P'), { name: 's1', text: 'select 2' })
  assert.equal(statementOf(sync(), 'S'), null)
})
