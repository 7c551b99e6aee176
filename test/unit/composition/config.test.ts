import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { readConfig, readEngineChoice } from '../../../src/composition/config.ts'

describe('the configuration', () => {
  it('needs nothing from the environment', () => {
    const config = readConfig({})
    assert.equal(config.port, 8080)
    assert.equal(config.databaseUrl, null)
    assert.equal(config.s3, null)
    assert.equal(config.publicUrl, 'http://127.0.0.1:8080')
  })

  it('reports every problem at once, each with its variable', () => {
    const wrong = {
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
      S3_ENDPOINT: 'http://s3',
      KAPPA_LEASE_S: '1',
      KAPPA_ENGINE: 'gpu'
    }
    assert.throws(
      () => readConfig(wrong),
      (error: Error) => {
        for (const name of Object.keys(wrong)) assert.match(error.message, new RegExp(`^ {2}${name} `, 'm'))
        return true
      }
    )
  })

  it('never repeats a key that has the wrong form', () => {
    const secret = 'kappa-with-a-secret-that-nobody-may-see'
    assert.throws(
      () => readConfig({ KAPPA_ADMIN_KEY: secret }),
      (error: Error) => error.message.includes('KAPPA_ADMIN_KEY') && !error.message.includes(secret)
    )
  })

  it('gives a trainer the engine alone, whatever else is wrong', () => {
    assert.deepEqual(readEngineChoice({ PORT: 'eighty' }), { name: 'auto', device: 'auto', precision: 'auto' })
    const given = { KAPPA_ENGINE: 'onnx', KAPPA_DEVICE: 'cuda', KAPPA_PRECISION: 'float16' }
    assert.deepEqual(readEngineChoice(given), { name: 'onnx', device: 'cuda', precision: 'float16' })
    assert.throws(() => readEngineChoice({ KAPPA_ENGINE: 'gpu' }), /KAPPA_ENGINE must be one of auto, onnx, .*"gpu"/)
  })

  it('trusts no proxy unless told which, and takes numbers, addresses and ranges for that', () => {
    const trusted = (value: string) => readConfig({ KAPPA_TRUST_PROXY: value }).trustedProxies
    assert.equal(trusted(''), null)
    assert.equal(trusted('0'), null)
    assert.equal(trusted('2'), 2)
    assert.deepEqual(trusted('10.0.0.0/8, 192.0.2.1,fd00::/8,loopback'), [
      '10.0.0.0/8',
      '192.0.2.1',
      'fd00::/8',
      'loopback'
    ])
    for (const wrong of [
      'true',
      '*',
      '17',
      '-1',
      '1,2',
      '10.0.0.0/33',
      'fd00::/129',
      '10.0.0.0/8/8',
      'proxy.example'
    ]) {
      assert.throws(() => trusted(wrong), /KAPPA_TRUST_PROXY must be/, wrong)
    }
  })

  it('cannot be changed after it was read', () => {
    const config = readConfig({})
    assert.throws(() => Object.assign(config.limits, { bodyBytes: 1 }), TypeError)
  })

  it('reads exactly the variables that .env.example documents', () => {
    const asked = new Set<string>()
    readConfig(
      new Proxy<Record<string, string | undefined>>(
        { S3_BUCKET: 'b' },
        {
          get: (target, name) => {
            asked.add(String(name))
            return target[String(name)]
          }
        }
      )
    )
    asked.delete('AWS_REGION') // the SDK's own, a fallback
    const example = readFileSync(resolve(import.meta.dirname, '../../../.env.example'), 'utf8')
    const documented = [...example.matchAll(/^([A-Z0-9_]+)=/gm)].map((match) => match[1])
    assert.deepEqual([...asked].sort(), documented.sort())
  })
})
