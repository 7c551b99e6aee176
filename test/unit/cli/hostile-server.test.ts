/** `kappa` in front of a server that wishes it ill: what it may say, and what does not come of it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, type TestContext, test } from 'node:test'
import { EXIT, runCommand } from '../../../src/cli/command.ts'
import { REMOTE_COMMANDS } from '../../../src/cli/remote/commands.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, url: string) => void

const before = { folder: process.cwd(), env: { ...process.env } }
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-hostile-'))
  await mkdir(join(root, 'here/now'), { recursive: true })
  process.chdir(join(root, 'here/now'))
})
afterEach(async () => {
  process.chdir(before.folder)
  process.env = { ...before.env }
  await rm(root, { recursive: true })
})

async function listen(t: TestContext, answer: Answer): Promise<string> {
  const server = createServer((request, response) => answer(request, response, url))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return url
}

async function kappa(url: string, ...[name = '', ...args]: string[]) {
  Object.assign(process.env, { KAPPA_URL: url, KAPPA_API_KEY: 'kappa_a_secret', XDG_CONFIG_HOME: root })
  const said = { out: '', err: '' }
  const streams = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) }
  }
  return { code: await runCommand(name, REMOTE_COMMANDS[name]!.load, { args, streams }), ...said }
}

const json = (response: ServerResponse, value: object) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))

/** Answers as a server with one model of one file; the rest of its answers are the test's. */
function aModel(id: string, artifact: object, file: Answer): Answer {
  return (request, response, url) => {
    const path = request.url ?? ''
    if (path.startsWith('/v1/models/') && path.endsWith('/artifacts'))
      return json(response, {
        data: [{ url: `${url}/file`, expires_at: '2999-01-01T00:00:00Z', name: 'a.bin', ...artifact }]
      })
    if (path.startsWith('/v1/models/')) return json(response, { id })
    return file(request, response, url)
  }
}

const WORD = Buffer.from('evil')
const right = { bytes: WORD.length, sha256: createHash('sha256').update(WORD).digest('hex') }

test('a model whose id is a path is written nowhere, and asks for a folder', async (t) => {
  for (const id of ['../../.ssh', join(root, 'elsewhere'), '..']) {
    const url = await listen(
      t,
      aModel(id, right, (_, response) => response.end(WORD))
    )
    const { code, err } = await kappa(url, 'pull', 'mdl_1')
    assert.equal(code, EXIT.refused)
    assert.match(err, /no name of a folder: --out FOLDER/)
  }
  assert.deepEqual(await readdir(root, { recursive: true }), ['here', 'here/now'])
})

test('a file without an end is given up at its announced length, and nothing of it is kept', async (t) => {
  let sent = 0
  const chunk = Buffer.alloc(64 * 1024, 1)
  const url = await listen(
    t,
    aModel('mdl_1', right, (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', more)
      more()
    })
  )
  const { code, err } = await kappa(url, 'pull', 'mdl_1')
  assert.equal(code, EXIT.failed, err)
  assert.match(err, /is not what the server announced/)
  assert.deepEqual(await readdir(join(root, 'here/now/mdl_1')), [])
  assert.ok(sent < 64 * 2 ** 20, `${sent} bytes were taken`)
})

test('a model of more than is wanted is refused before its first byte, and so are sizes that are none', async (t) => {
  let asked = 0
  const tell = async (bytes: unknown, ...args: readonly string[]) => {
    const file: Answer = (_, response) => {
      asked++
      response.end(WORD)
    }
    return kappa(await listen(t, aModel('mdl_1', { ...right, bytes }, file)), 'pull', 'mdl_1', ...args)
  }
  for (const [bytes, args, words] of [
    [2 ** 40, [], /has 1099511627776 bytes, more than 34359738368: --max-bytes 1099511627776 takes it/],
    [4, ['--max-bytes', '3'], /has 4 bytes, more than 3/],
    [-1, [], /sizes that are none/],
    [1e300, [], /sizes that are none/],
    ['4', [], /sizes that are none/],
    [undefined, [], /sizes that are none/]
  ] as const) {
    const { code, err } = await tell(bytes, ...args)
    assert.equal(code, EXIT.refused, err)
    assert.match(err, words)
  }
  assert.equal(asked, 0)
  assert.equal((await tell(4, '--max-bytes', '4')).code, EXIT.done)
})

test('a redirect takes the key to no other server', async (t) => {
  const seen: (string | undefined)[] = []
  const other = await listen(t, ({ headers }, response) => {
    seen.push(headers.authorization)
    json(response, { data: [], has_more: false, next_cursor: null })
  })
  const url = await listen(t, (request, response) =>
    response.writeHead(307, { location: `${other}${request.url}` }).end()
  )
  await kappa(url, 'runs')
  assert.deepEqual(seen, [undefined])
})

test('what a server says is shown and not obeyed', async (t) => {
  const detail = 'no\u001b]52;c;ZXZpbA==\u0007\nThe key for https://kappa.example is kept.'
  const url = await listen(t, (_, response) => {
    response.statusCode = 403
    json(response, { code: 'forbidden', detail })
  })
  const { err } = await kappa(url, 'runs')
  assert.match(err, /^no\\u001b\]52;c;ZXZpbA==\\u0007\\nThe key/)
})
