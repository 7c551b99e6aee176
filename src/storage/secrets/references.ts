/**
 * Secrets by reference: a variable that begins with `ssm:` or `secretsmanager:` has the name of what it stands for, and a process reads it
 * at its start, with the role that it runs under. So neither a function's settings, nor a job's, nor a list of processes shows a secret.
 */
import { AppError } from '../../base/errors.ts'
import { isRecord } from '../../base/json.ts'
import { type AwsCaller, createAwsCaller } from './aws-call.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Nothing else is looked at: what a reference may name must not depend on what else is in the environment. */
const MAY_BE_REFERENCES = [
  'DATABASE_URL',
  'KAPPA_ADMIN_KEY',
  'KAPPA_SECRET_KEY',
  'KAPPA_SIGNING_KEY',
  'KAPPA_RAY_TOKEN'
] as const

const REFERENCE = /^(ssm|secretsmanager):(.+)$/

export const isReference = (value: string): boolean => REFERENCE.test(value.trim())

/** By its name: what must not be shown where others look. OTEL_EXPORTER_OTLP_HEADERS holds a collector's key. */
export const isSecret = (name: string): boolean =>
  name === 'DATABASE_URL' || /(KEY|TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIALS?|HEADERS)(_ID)?$/.test(name)

/**
 * The environment with what its references stand for, all read at the same time.
 *
 * @throws AppError secret_unreadable naming the variable; never the value
 */
export async function resolveReferences(env: Environment, call?: AwsCaller): Promise<Environment> {
  const found = MAY_BE_REFERENCES.flatMap((name) => {
    const [, kind, reference] = REFERENCE.exec(env[name]?.trim() ?? '') ?? []
    return kind === undefined || reference === undefined ? [] : [{ name, kind, reference }]
  })
  if (found.length === 0) return env
  const caller = call ?? createAwsCaller(env)
  const read = found.map(async ({ name, kind, reference }) => {
    try {
      return [name, await (kind === 'ssm' ? readParameter : readSecret)(caller, reference)] as const
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const message = `${name} names ${kind}:${reference}, which cannot be read: ${reason}`
      throw new AppError('secret_unreadable', { message }, { cause: error })
    }
  })
  return { ...env, ...Object.fromEntries(await Promise.all(read)) }
}

async function readParameter(call: AwsCaller, name: string): Promise<string> {
  const answer = await call('ssm', 'AmazonSSM.GetParameter', { Name: name, WithDecryption: true })
  const value = isRecord(answer['Parameter']) ? answer['Parameter']['Value'] : undefined
  if (typeof value !== 'string') throw new Error('it has no value')
  return value
}

/** As it is; or, of a login that RDS keeps there, a URL, with what stands behind `?` in the reference: `…?sslmode=verify-full`. */
async function readSecret(call: AwsCaller, reference: string): Promise<string> {
  const [id = '', search] = reference.split('?', 2)
  const { SecretString: text } = await call('secretsmanager', 'secretsmanager.GetSecretValue', { SecretId: id })
  if (typeof text !== 'string') throw new Error('it has no text')
  const login = text.startsWith('{') ? parsedLogin(text) : null
  if (!isRecord(login)) return text
  const { username, password, host, port = 5432, dbname = 'postgres' } = login
  if (![username, password, host].every((one) => typeof one === 'string'))
    throw new Error('it has no username, password and host')
  const [user, word] = [encodeURIComponent(String(username)), encodeURIComponent(String(password))]
  return `postgres://${user}:${word}@${host}:${port}/${dbname}${search === undefined ? '' : `?${search}`}`
}

/** What the parser says of a text quotes it, and this one is a password. */
function parsedLogin(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it begins like JSON and is none')
  }
}
