/**
 * Two calls of AWS's JSON protocol, for which two more of its SDK's packages would be loaded at every start: signed as Signature Version 4
 * asks, with the credentials that the SDK finds for S3. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import { isRecord } from '../../base/json.ts'

export type AwsCaller = (
  service: 'ssm' | 'secretsmanager',
  target: string,
  body: object
) => Promise<Readonly<Record<string, unknown>>>

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

export interface SignedRequest {
  readonly host: string
  readonly path?: string
  readonly region: string
  readonly service: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const TIMEOUT_MS = 5000

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** Headers of a POST, its signature among them. */
export function sign(request: SignedRequest, credentials: Credentials, at: Date): Record<string, string> {
  const { host, path = '/', region, service, body } = request
  const time = at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  const headers: Record<string, string> = {
    ...request.headers,
    host,
    'x-amz-date': time,
    ...(sessionToken && { 'x-amz-security-token': sessionToken })
  }
  const names = Object.keys(headers).sort()
  const canonical = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join('')
  const signed = names.join(';')
  const asked = sha256(['POST', path, '', canonical, signed, sha256(body)].join('\n'))
  const scope = `${day}/${region}/${service}/aws4_request`
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, asked].join('\n')).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
  return { ...headers, authorization }
}

type Environment = Readonly<Record<string, string | undefined>>

/** Of the region and at the endpoint that AWS's own tools would take. */
export function createAwsCaller(env: Environment): AwsCaller {
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const client = new S3Client({ region })
  return async (service, target, body) => {
    const given = env[`AWS_ENDPOINT_URL_${service === 'ssm' ? 'SSM' : 'SECRETS_MANAGER'}`] ?? env['AWS_ENDPOINT_URL']
    const url = new URL(given ?? `https://${service}.${region}.amazonaws.com`)
    const text = JSON.stringify(body)
    const type = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
    const credentials = await client.config.credentials()
    const { host: _, ...headers } = sign(
      { host: url.host, region, service, headers: type, body: text },
      credentials,
      new Date()
    )
    const response = await fetch(url, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(TIMEOUT_MS) })
    const answer: unknown = await response.json()
    if (response.ok && isRecord(answer)) return answer
    throw new Error(`${service} answers ${response.status} ${isRecord(answer) ? (answer['__type'] ?? '') : ''}`.trim())
  }
}
