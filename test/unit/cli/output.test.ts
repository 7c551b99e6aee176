import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOutput } from '../../../src/cli/output.ts'

function streams({ isTTY = false, columns = 80 } = {}) {
  const written = { stdout: '', stderr: '' }
  const into = (name: 'stdout' | 'stderr') => ({ write: (text: string) => (written[name] += text) })
  return { written, stdout: into('stdout'), stderr: { ...into('stderr'), isTTY, columns } }
}

test('on a terminal a progress line is written over by the next one, and cut to its width', () => {
  const to = streams({ isTTY: true, columns: 24 })
  const output = createOutput({ isJson: false, streams: to })
  output.progress({ type: 'step' }, 'one')
  output.progress({ type: 'step' }, 'a line that is too long for it')
  output.show({ type: 'done' }, 'done')
  assert.equal(to.written.stderr, '\r\u001b[Kone\r\u001b[Ka line that is too long\r\u001b[Kdone\n')
  assert.equal(to.written.stdout, '')
})

test('without a terminal progress is a plain line every ten seconds, without control characters', () => {
  const to = streams()
  let now = 0
  const output = createOutput({ isJson: false, streams: to, now: () => now })
  for (now = 0; now < 25_000; now += 1000) output.progress({ type: 'step' }, `at ${now}`)
  assert.equal(to.written.stderr, 'at 0\nat 10000\nat 20000\n')
})

test('results are on stdout, so that they can be piped', () => {
  const to = streams()
  createOutput({ isJson: false, streams: to }).result({ type: 'result' }, '65.0 %')
  assert.deepEqual(to.written, { stdout: '65.0 %\n', stderr: '' })
})

test('for scripts every event is one JSON object a line in snake_case, and nothing else is printed', () => {
  const to = streams()
  const output = createOutput({ isJson: true, streams: to })
  output.progress({ type: 'step', imagesPerSecond: 5 }, 'five')
  output.show({ type: 'done', step: 1 }, 'done')
  output.result({ type: 'result', top1: 1 }, '100 %')
  output.line('a remark')
  const lines = to.written.stdout.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { type: 'step', images_per_second: 5 },
      { type: 'done', step: 1 },
      { type: 'result', top1: 1 }
    ]
  )
  assert.equal(to.written.stderr, '')
})

/** Clears the line, sets the title, writes the clipboard; the same in one character; text that runs backwards. */
const ORDERS = 'a\u001b[2K\u001b]0;x\u0007\u001b]52;c;eA==\u0007\u009b2J\rb\u202ec\u2066\b'

test('words of others give a terminal no orders, wherever they are shown, and lines stay lines', () => {
  for (const isTTY of [true, false]) {
    const to = streams({ isTTY, columns: 200 })
    const output = createOutput({ isJson: false, streams: to })
    output.show({ type: 'a' }, ORDERS)
    output.line(`two\nlines ${ORDERS}`)
    output.result({ type: 'b' }, ORDERS)
    output.progress({ type: 'c' }, `${ORDERS}\nd`)
    const text = (to.written.stderr + to.written.stdout).replace('\r\u001b[K', '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/)
    assert.match(text, /two\nlines a\\u001b\[2K/)
  }
})

test('a line of JSON gives no orders either, and is the same value', () => {
  const to = streams()
  createOutput({ isJson: true, streams: to }).show({ type: 'a', text: `${ORDERS}\n` } as { type: string }, '')
  assert.match(to.written.stdout, /^[\x20-\x7e]+\n$/)
  assert.deepEqual(JSON.parse(to.written.stdout), { type: 'a', text: `${ORDERS}\n` })
})
