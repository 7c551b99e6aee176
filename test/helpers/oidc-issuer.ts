/** An OpenID Connect issuer on this machine: it publishes keys, and signs what a test wants signed. */
import type { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

export interface OidcIssuer {
  readonly url: string
  /** Addresses that were asked for. */
  readonly asked: string[]
  /** Answers 503 from now on, or no longer; `silent`: takes the request and never answers. */
  be(state: 'up' | 'down' | 'silent'): void
  /** From now on it signs with another key; it may go on publishing the old ones. */
  rotate(options?: { readonly keepsOld: boolean }): Promise<void>
  sign(claims: JWTPayload): Promise<string>
}

type Pair = { readonly kid: string; readonly privateKey: webcrypto.CryptoKey; readonly published: JWK }

interface TestScope {
  after(hook: () => Promise<void>): void
}

export async function startOidcIssuer(scope: TestScope, algorithm = 'ES256'): Promise<OidcIssuer> {
  let state: 'up' | 'down' | 'silent' = 'up'
  let made = 0
  const asked: string[] = []

  async function newPair(): Promise<Pair> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    const kid = `key ${made++}`
    return { kid, privateKey, published: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } }
  }

  let signing = await newPair()
  let published = [signing.published]

  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (state === 'silent') return
    const answers: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: published }
    }
    const answer = state === 'up' ? answers[request.url ?? ''] : undefined
    response.writeHead(answer ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  scope.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  return {
    url,
    asked,
    be: (next) => {
      state = next
    },
    async rotate({ keepsOld } = { keepsOld: false }) {
      signing = await newPair()
      published = keepsOld ? [...published, signing.published] : [signing.published]
    },
    sign: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: algorithm, kid: signing.kid, typ: 'at+jwt' })
        .sign(signing.privateKey)
  }
}
