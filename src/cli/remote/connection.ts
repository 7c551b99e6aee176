/** Which server a command talks to and by which key: the environment's, or what `kappa login` kept. */
import { createKappa, type Kappa } from '../../sdk/kappa.ts'
import { refusal } from '../command.ts'
import { type Credentials, credentialsPath, type Environment, readCredentials } from './credentials.ts'

export interface Connection extends Kappa {
  readonly url: string
}

/** What `npm start` listens at. */
export const DEFAULT_URL = 'http://127.0.0.1:8080'

/** @param name of what said it, for the refusal. @throws AppError invalid_request */
export function checkedUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw refusal(`${name} must be an address such as https://kappa.example, not ${value}.`)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw refusal(`${name} must be an address alone, without user, query or fragment.`)
  return url.href.replace(/\/+$/, '')
}

/**
 * A key is kept for one server: to another address that the environment names it is not sent.
 *
 * @throws AppError invalid_request when there is no key, or none for this server
 */
export async function credentialsOf(env: Environment): Promise<Credentials> {
  const [envUrl, envKey] = [env['KAPPA_URL'] || null, env['KAPPA_API_KEY'] || null]
  const kept = envUrl !== null && envKey !== null ? null : await readCredentials(credentialsPath(env))
  const url = envUrl === null ? (kept?.url ?? DEFAULT_URL) : checkedUrl('KAPPA_URL', envUrl)
  if (envKey !== null) return { url, key: envKey }
  if (kept === null) throw refusal(`There is no key for ${url}: kappa login keeps one, KAPPA_API_KEY gives one.`)
  if (kept.url !== url)
    throw refusal(`KAPPA_URL is ${url}, and the key of kappa login is for ${kept.url}: KAPPA_API_KEY is needed too.`)
  return kept
}

export async function connect(env: Environment = process.env): Promise<Connection> {
  const { url, key } = await credentialsOf(env)
  return { ...createKappa({ url, key }), url }
}
