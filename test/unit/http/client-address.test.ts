import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientOf } from '../../../src/http/core/client-address.ts'

test('an IPv4 address is one client, however it is written', () => {
  assert.equal(clientOf('192.0.2.7'), '192.0.2.7')
  assert.equal(clientOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.notEqual(clientOf('192.0.2.7'), clientOf('192.0.2.8'))
})

test('an IPv6 network of 64 bits is one client, however its addresses are written', () => {
  const same = [
    '2001:db8:0:1::1',
    '2001:db8:0:1:ffff:ffff:ffff:ffff',
    '2001:0DB8:0000:0001:0:0:0:2',
    '2001:db8:0:1::192.0.2.1',
    '2001:db8:0:1::%eth0'
  ]
  assert.deepEqual(new Set(same.map(clientOf)), new Set(['2001:db8:0:1::/64']))
  const others = [
    '2001:db8::1',
    '2001:db8:0:2::1',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    '1:2:3::8',
    'fe80::1',
    '::1:2:3:4:5'
  ]
  assert.equal(new Set([...others, same[0]!].map(clientOf)).size, others.length + 1)
  assert.equal(clientOf('::1'), '0:0:0:0::/64')
  assert.equal(clientOf('64:ff9b::192.0.2.33'), '64:ff9b:0:0::/64')
})

test('whatever is no address is one client, so that inventing names buys nothing', () => {
  for (const text of ['', 'unknown', '_hidden', '1.2.3', '1.2.3.4.5', 'x'.repeat(10_000)]) {
    assert.equal(clientOf(text), 'unknown')
  }
})
