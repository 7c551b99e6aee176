import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { isPrivateAddress } from '../../../../src/services/addresses.ts'
import { createImageFetch, type ImageFetchOptions } from '../../../../src/services/serving/image-fetch.ts'

const addressesOf = (addresses: readonly string[]) =>
  ((_: string, __: object, callback: (error: null, found: object[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    )) as unknown as NonNullable<ImageFetchOptions['lookup']>

/** The server stands for the internet: https and its address are the only things that are not as outside. */
async function serve(t: TestContext, listener: RequestListener, options: Partial<ImageFetchOptions> = {}) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  return createImageFetch({
    allowedHosts: ['images.example', 'cdn.example'],
    maxBytes: 1000,
    timeoutMs: 60_000,
    lookup: addressesOf(['127.0.0.1']),
    isPrivate: () => false,
    request: (url, given, onResponse) =>
      httpRequest({ ...given, agent: false, hostname: url.hostname, port, path: url.pathname } as object, onResponse),
    ...options
  })
}

test('addresses that are not of the public internet are known, in every notation', () => {
  const isPrivate = ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0']
  for (const address of [...isPrivate, '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', 'ff02::1']) {
    assert.equal(isPrivateAddress(address), true, address)
  }
  for (const address of ['::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::a00:1', '2002:7f00:1::']) {
    assert.equal(isPrivateAddress(address), true, address)
  }
  const notGivenOut = [
    '::127.0.0.1',
    '::ffff:0:127.0.0.1',
    'fec0::1',
    '5f00::1',
    '3fff::1',
    '64:ff9b:1::a00:1',
    '4000::1'
  ]
  for (const address of [...notGivenOut, 'ffff::1', '100::1', '2001:db8::1']) {
    assert.equal(isPrivateAddress(address), true, address)
  }
  for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700::1111', '172.32.0.1']) {
    assert.equal(isPrivateAddress(address), false, address)
  }
})

test('an image of an allowed host is fetched', async (t) => {
  const fetchImage = await serve(t, (_, response) => response.end('bytes'))
  assert.equal(Buffer.from(await fetchImage('https://images.example/a.png')).toString(), 'bytes')
})

test('other schemes, hosts, ports and credentials are refused without a connection', async (t) => {
  let requests = 0
  const fetchImage = await serve(t, (_, response) => {
    requests += 1
    response.end()
  })
  for (const url of [
    'http://images.example/a',
    'https://other.example/a',
    'https://images.example:8443/a',
    'https://images.example.other.example/a',
    'https://user@images.example/a',
    'https://IMAGES.example.:443/a',
    'ftp://images.example/a',
    'https://'
  ]) {
    await assert.rejects(fetchImage(url), { code: 'url_not_allowed' }, url)
  }
  assert.equal(requests, 0)
})

test('an allowed name that leads to a private address is refused where the connection is made', async (t) => {
  for (const addresses of [['10.0.0.1'], ['1.1.1.1', '127.0.0.1'], ['::ffff:192.168.0.1']]) {
    const fetchImage = await serve(t, (_, response) => response.end('x'), {
      lookup: addressesOf(addresses),
      isPrivate: isPrivateAddress
    })
    await assert.rejects(fetchImage('https://images.example/a'), { code: 'url_not_allowed' })
  }
  const literal = createImageFetch({ allowedHosts: ['127.0.0.1', '[::1]'], maxBytes: 10, timeoutMs: 100 })
  for (const url of ['https://127.0.0.1/', 'https://[::1]/', 'https://2130706433/', 'https://0x7f.1/']) {
    await assert.rejects(literal(url), { code: 'url_not_allowed' }, url)
  }
})

test('redirects are followed to allowed hosts only, and not for ever', async (t) => {
  const seen: string[] = []
  const fetchImage = await serve(t, (request, response) => {
    seen.push(`${request.headers.host?.split(':')[0]}${request.url}`)
    const to: Record<string, string> = {
      '/good': 'https://cdn.example/end',
      '/relative': '/end',
      '/out': 'https://evil.example/',
      '/down': 'http://images.example/end',
      '/loop': '/loop'
    }
    const location = to[request.url ?? '']
    if (location) response.writeHead(302, { location }).end()
    else response.end('end')
  })
  assert.equal(Buffer.from(await fetchImage('https://images.example/good')).toString(), 'end')
  assert.equal(Buffer.from(await fetchImage('https://images.example/relative')).toString(), 'end')
  await assert.rejects(fetchImage('https://images.example/out'), { code: 'url_not_allowed' })
  await assert.rejects(fetchImage('https://images.example/down'), { code: 'url_not_allowed' })
  seen.length = 0
  await assert.rejects(fetchImage('https://images.example/loop'), { code: 'url_unreachable', message: /redirected/ })
  assert.equal(seen.length, 4, 'the first and three redirects')
})

test('too many bytes, another status, silence and a broken connection are told apart', async (t) => {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/large') response.end(Buffer.alloc(1001))
    else if (request.url === '/gone') response.writeHead(410).end()
    else if (request.url === '/break') response.destroy()
  }
  const fetchImage = await serve(t, listener)
  await assert.rejects(fetchImage('https://images.example/large'), { code: 'image_too_large' })
  await assert.rejects(fetchImage('https://images.example/gone'), { code: 'url_unreachable', message: /410/ })
  await assert.rejects(fetchImage('https://images.example/break'), { code: 'url_unreachable' })
  const impatient = await serve(t, listener, { timeoutMs: 300 })
  await assert.rejects(impatient('https://images.example/silent'), { code: 'url_unreachable', message: /300 ms/ })
})
