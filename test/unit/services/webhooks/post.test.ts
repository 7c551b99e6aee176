import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createWebhookPost, type WebhookPostOptions } from '../../../../src/services/webhooks/post.ts'

const resolvingTo = (...addresses: readonly string[]) =>
  ((_: string, __: object, callback: (error: null, found: object[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    )) as unknown as NonNullable<WebhookPostOptions['lookup']>

/** Counts connections: what is refused must not have been connected to. */
async function serve(t: TestContext, listener: RequestListener) {
  const server = createServer(listener)
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

const OUTSIDE = createWebhookPost({ networks: [] })
const LOOPBACK = { networks: ['127.0.0.0/8'] }

const INSIDE = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::169.254.169.254]',
  '[2002:7f00:1::]',
  '[fd00::1]',
  '[fe80::1]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[fec0::1]'
]

for (const host of INSIDE) {
  test(`https://${host} is refused before anything is sent`, async () => {
    assert.match(OUTSIDE.refusalOf(`https://${host}/hook`) ?? '', /public internet/)
    const { responseStatus, error } = await OUTSIDE.send(`https://${host}/hook`, {}, '{}')
    assert.equal(responseStatus, null)
    assert.match(error ?? '', /public internet/)
  })
}

for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fd00::1', '0.0.0.0']) {
  test(`a name that resolves to ${address}, alone or beside a public address, is not connected to`, async () => {
    for (const addresses of [[address], ['93.184.216.34', address]]) {
      const post = createWebhookPost({ networks: [], lookup: resolvingTo(...addresses) })
      assert.equal(post.refusalOf('https://hooks.example/'), null, 'a name tells nothing before it is resolved')
      const { responseStatus, error } = await post.send('https://hooks.example/', {}, '{}')
      assert.equal(responseStatus, null)
      assert.equal(error, 'hooks.example is not on the public internet.')
    }
  })
}

test('the system’s own names for this machine are refused when they are resolved', async () => {
  const { error } = await OUTSIDE.send('https://localhost/', {}, '{}')
  assert.equal(error, 'localhost is not on the public internet.')
})

test('http, credentials, other protocols and what is no URL are refused', () => {
  for (const url of ['http://hooks.example/', 'ftp://hooks.example/', 'file:///etc/passwd', 'hooks.example', '']) {
    assert.notEqual(OUTSIDE.refusalOf(url), null, url)
  }
  assert.match(OUTSIDE.refusalOf('https://user:word@hooks.example/') ?? '', /credentials/)
  assert.match(OUTSIDE.refusalOf(`https://hooks.example/${'x'.repeat(2000)}`) ?? '', /2000/)
  assert.equal(OUTSIDE.refusalOf('https://hooks.example:8443/kappa?x=1'), null)
})

test('an allowed network is reached, by http too; what is beside it and the public internet by http are not', async (t) => {
  const bodies: string[] = []
  const { port } = await serve(t, async (request, response) => {
    for await (const chunk of request) bodies.push(`${request.method} ${request.headers['webhook-id']} ${chunk}`)
    response.end('taken')
  })
  const post = createWebhookPost(LOOPBACK)
  const taken = await post.send(`http://127.0.0.1:${port}/`, { 'webhook-id': 'msg_1' }, '{"a":"ä"}')
  assert.deepEqual([taken.responseStatus, taken.responseBody, taken.error], [200, 'taken', null])
  assert.deepEqual(bodies, ['POST msg_1 {"a":"ä"}'])
  assert.match(post.refusalOf('http://10.0.0.1/') ?? '', /public internet/)
  assert.match(post.refusalOf('http://[::1]/') ?? '', /public internet/)
  assert.match(post.refusalOf('http://93.184.216.34/') ?? '', /public internet/)
  const named = createWebhookPost({ ...LOOPBACK, lookup: resolvingTo('93.184.216.34') })
  assert.match((await named.send('http://hooks.example/', {}, '{}')).error ?? '', /public internet/)
})

test('no redirect is followed', async (t) => {
  const aim = await serve(t, (_, response) => response.end())
  const { port } = await serve(t, (_, response) =>
    response.writeHead(307, { location: `http://127.0.0.1:${aim.port}/` }).end()
  )
  const { responseStatus } = await createWebhookPost(LOOPBACK).send(`http://127.0.0.1:${port}/`, {}, '{}')
  assert.equal(responseStatus, 307)
  assert.equal(aim.connections(), 0)
})

test('of an endless answer the beginning is read, and the connection is closed', async (t) => {
  let hasClosed: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    hasClosed = resolve
  })
  const { port } = await serve(t, (_, response) => {
    response.on('close', hasClosed)
    const more = () => {
      while (response.write('\0'.repeat(65_536))) {}
    }
    response.on('drain', more)
    more()
  })
  const { responseStatus, responseBody } = await createWebhookPost(LOOPBACK).send(`http://127.0.0.1:${port}/`, {}, '{}')
  assert.equal(responseStatus, 200)
  assert.equal(responseBody, '\ufffd'.repeat(1024), 'as it can be stored')
  await closed
})

test('who does not answer, or never ends its answer, is left at the deadline', async (t) => {
  const silent = await serve(t, () => {})
  const slow = await serve(t, (_, response) => response.writeHead(200).write('x'))
  const post = createWebhookPost({ ...LOOPBACK, timeoutMs: 200 })
  for (const { port } of [silent, slow]) {
    const { responseStatus, error } = await post.send(`http://127.0.0.1:${port}/`, {}, '{}')
    assert.deepEqual([responseStatus, error], [null, 'There was no answer within 0.2 s.'])
  }
})

test('a refused connection is told by its code', async (t) => {
  const { port } = await serve(t, () => {})
  const post = createWebhookPost(LOOPBACK)
  const { error } = await post.send(`https://127.0.0.1:${port}/`, {}, '{}')
  assert.match(error ?? '', /^The connection failed \([A-Z_]+\)\.$/)
})

test('Retry-After in seconds is read', async (t) => {
  const { port } = await serve(t, (_, response) => response.writeHead(503, { 'retry-after': '7200' }).end())
  assert.equal((await createWebhookPost(LOOPBACK).send(`http://127.0.0.1:${port}/`, {}, '')).retryAfterS, 7200)
})

for (const [what, answer] of [
  ['upgrades the connection', 'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  ['ends without an answer', null],
  ['answers what is no HTTP', 'hello\r\n\r\n']
] as const) {
  test(`an endpoint that ${what} is a failed try`, async (t) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {}) // the sender has left
      socket.once('data', () => (answer === null ? socket.end() : socket.write(answer)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { responseStatus, error } = await createWebhookPost(LOOPBACK).send(`http://127.0.0.1:${port}/`, {}, '{}')
    assert.equal(responseStatus, null)
    assert.match(error ?? '', /^The connection failed \(\w+\)\.$/)
  })
}
