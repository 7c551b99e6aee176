import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isAppError } from '../../../src/base/errors.ts'
import { translateFileError } from '../../../src/storage/objects/folder-files.ts'
import { assertKey, assertPrefix, compareKeys } from '../../../src/storage/objects/keys.ts'
import { translateS3Error } from '../../../src/storage/objects/s3-errors.ts'
import { createTokenSigner } from '../../../src/storage/objects/signed-tokens.ts'
import { translateDatabaseError } from '../../../src/storage/postgres/errors.ts'

describe('object keys', () => {
  test('are paths of names, and nothing that leads elsewhere', () => {
    for (const key of ['a', 'a/b/c.bin', 'datasets/ds_1/v1/shard 00.bin', 'ü/…', 'a..b', '.hidden', 'a/...'])
      assertKey(key)
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/..',
      '../a',
      'a/./b',
      'a\\b',
      'a\0',
      'x'.repeat(256),
      'a/'.repeat(600)
    ]
    for (const key of bad) assert.throws(() => assertKey(key), /not an object key/, key)
  })

  test('have prefixes that may end in a slash but never mean everything', () => {
    for (const prefix of ['a', 'a/', 'a/b/']) assertPrefix(prefix)
    for (const prefix of ['', '/', '//', '../', 'a//']) assert.throws(() => assertPrefix(prefix), prefix)
  })

  test('sort by their bytes, as S3 does', () => {
    const sorted = ['A', 'a', 'a-', 'a.b', 'a/b', 'a0', 'ä', '\uffee', '😀']
    assert.deepEqual(sorted.toReversed().sort(compareKeys), sorted)
  })
})

describe('signed tokens', () => {
  const signer = createTokenSigner('key')
  const grant = { for: 'download', key: 'a/b', filename: 'b' } as const
  const isForbidden = (error: unknown) => isAppError(error, 'forbidden')

  test('give back what was granted until they expire', () => {
    const token = signer.sign(grant, 1000)
    assert.deepEqual(signer.verify(token, 'download', 999), { ...grant, expiresAt: 1000 })
    assert.throws(() => signer.verify(token, 'download', 1000), isForbidden)
    assert.throws(() => signer.verify(token, 'part', 0), isForbidden)
  })

  test('are refused when any character is another', () => {
    const token = signer.sign(grant, 1000)
    for (const i of token.split('').keys()) {
      const changed = `${token.slice(0, i)}${token[i] === 'x' ? 'z' : 'x'}${token.slice(i + 1)}`
      // The last character of a base64 text has bits that mean nothing.
      if (i === token.length - 1) continue
      assert.throws(() => signer.verify(changed, 'download', 0), isForbidden, `at ${i}`)
    }
    for (const junk of ['', '.', 'a.b', 'a.b.c', token.split('.')[0]!, `${token.split('.')[0]}.`]) {
      assert.throws(() => signer.verify(junk, 'download', 0), isForbidden, junk)
    }
    assert.throws(() => createTokenSigner('other').verify(token, 'download', 0), isForbidden)
  })
})

describe('failures of storage', () => {
  const withCode = (code: string, message = code) => Object.assign(new Error(message), { code })
  const named = (name: string, status: number) =>
    Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } })
  const codeOf = (error: Error) => (isAppError(error) ? error.code : null)

  test('have the names of the catalogue', () => {
    assert.equal(codeOf(translateDatabaseError(withCode('ECONNREFUSED'))), 'database_unavailable')
    assert.equal(codeOf(translateDatabaseError(withCode('57P01'))), 'database_unavailable')
    assert.equal(codeOf(translateDatabaseError(withCode('08006'))), 'database_unavailable')
    assert.equal(codeOf(translateDatabaseError(withCode('53100'))), 'storage_full')
    assert.equal(
      codeOf(translateDatabaseError(new Error('Connection terminated unexpectedly'))),
      'database_unavailable'
    )
    const addresses = new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')])
    assert.equal(codeOf(translateDatabaseError(addresses)), 'database_unavailable')
    assert.equal(codeOf(translateS3Error(addresses)), 'storage_unavailable')
    assert.equal(codeOf(translateS3Error(named('SlowDown', 503))), 'storage_unavailable')
    assert.equal(codeOf(translateS3Error(named('Whatever', 507))), 'storage_full')
    assert.equal(codeOf(translateS3Error(named('NoSuchKey', 404))), 'object_not_found')
    assert.equal(codeOf(translateFileError(withCode('ENOSPC'))), 'storage_full')
    assert.equal(codeOf(translateFileError(withCode('EROFS'))), 'storage_unavailable')
    assert.equal(codeOf(translateFileError(withCode('ENOENT'), 'key')), 'object_not_found')
  })

  test('that nobody expected stay what they are', () => {
    const bug = withCode('23505')
    assert.equal(translateDatabaseError(bug), bug)
    const badRequest = named('InvalidArgument', 400)
    assert.equal(translateS3Error(badRequest), badRequest)
    const missing = withCode('ENOENT')
    assert.equal(translateFileError(missing), missing)
  })
})
