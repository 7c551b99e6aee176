import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Line, LineCounter, readLines } from '../../../src/base/json-lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'kappa-lines-'))
after(() => rmSync(folder, { recursive: true }))

const TEXT = '\n{"a":1}\r\n \t\r\n{"ü":"\u00a0"}\n\u00a0\n{"last":true}'

async function read(lines: AsyncIterable<Line>): Promise<Line[]> {
  const all: Line[] = []
  for await (const line of lines) all.push(line)
  return all
}

function counted(text: string, pieces: number): LineCounter {
  const counter = new LineCounter()
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += pieces) counter.add(bytes.subarray(from, from + pieces))
  counter.end()
  return counter
}

test('lines are counted the same in pieces of any size, and blank ones are none', () => {
  for (const pieces of [1, 2, 3, 7, 1000]) {
    const { lines, longest } = counted(TEXT, pieces)
    assert.deepEqual([lines, longest], [4, 13], `pieces of ${pieces}`)
  }
  assert.deepEqual([counted('', 1).lines, counted('\n\n', 1).lines, counted('x\n', 1).lines], [0, 0, 1])
})

// A slice of each cost 15 s of processor time for 100 MB of empty ones.
test('short lines are counted without a slice of each', () => {
  const counter = new LineCounter()
  for (const text of ['\n', 'a\n']) {
    const chunk = Buffer.alloc(1024, text)
    chunk.subarray = () => assert.fail('a slice')
    counter.add(chunk)
  }
  assert.deepEqual([counter.lines, counter.longest], [512, 1])
})

test('a line that has not ended counts as far as it is there', () => {
  const counter = new LineCounter()
  counter.add(Buffer.alloc(1000, 'x'))
  assert.deepEqual([counter.lines, counter.longest], [0, 1000])
})

test('a file is read from the end of any of its lines, to the lines that were counted', async () => {
  const path = join(folder, 'lines.jsonl')
  writeFileSync(path, TEXT)
  const all = await read(readLines(path, 0))
  assert.deepEqual(
    all.map(({ bytes }) => Buffer.from(bytes).toString('utf8').trimEnd()),
    ['{"a":1}', '{"ü":"\u00a0"}', '', '{"last":true}']
  )
  assert.equal(all.length, counted(TEXT, 5).lines)
  assert.equal(all.at(-1)?.end, Buffer.byteLength(TEXT))
  for (const [i, { end }] of all.entries()) assert.deepEqual(await read(readLines(path, end)), all.slice(i + 1))
})

test('of a file of line feeds nothing is joined, line by line', async () => {
  const path = join(folder, 'feeds.jsonl')
  writeFileSync(path, `${'\n'.repeat(5_000_000)}{}\n`)
  const all = await read(readLines(path, 0))
  assert.deepEqual([all.length, all[0]?.end], [1, 5_000_003])
})

test('a line that is longer than what is read at once is whole', async () => {
  const path = join(folder, 'long.jsonl')
  const long = JSON.stringify({ text: 'é'.repeat(200_000) })
  writeFileSync(path, `${long}\n{}\n`)
  const [first, second] = await read(readLines(path, 0))
  assert.deepEqual(
    [first, second].map((line) => Buffer.from(line?.bytes ?? []).toString('utf8')),
    [long, '{}']
  )
})
