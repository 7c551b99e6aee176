/** The key that `kappa login` keeps, and where it is for: a file of the user's configuration that nobody else reads. */
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { isRecord } from '../../base/json.ts'
import { refusal } from '../command.ts'
import { systemReason } from '../failures.ts'

export interface Credentials {
  readonly url: string
  readonly key: string
}

export type Environment = Readonly<Record<string, string | undefined>>

const OWNER_ONLY = 0o600
const GROUP_AND_OTHERS = 0o077

/** https://specifications.freedesktop.org/basedir-spec: relative paths are to be ignored. */
function baseFolder(value: string | undefined, otherwise: string): string {
  return value?.startsWith('/') ? value : join(homedir(), otherwise)
}

export const credentialsPath = (env: Environment): string =>
  join(baseFolder(env['XDG_CONFIG_HOME'], '.config'), 'kappa', 'credentials.json')

export const stateFolder = (env: Environment): string =>
  join(baseFolder(env['XDG_STATE_HOME'], '.local/state'), 'kappa')

/** Complete or not at all, and never readable for others, not even for a moment. */
export async function writePrivately(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.partial`
  await rm(draft, { force: true })
  await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: OWNER_ONLY, flag: 'wx' })
  await chmod(draft, OWNER_ONLY) // whatever the umask is
  await rename(draft, path)
}

export async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw refusal(`${path} cannot be read: ${systemReason(error)}.`)
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Null when nobody has logged in. @throws AppError invalid_request when the file is not as it was written, or open to others */
export async function readCredentials(path: string): Promise<Credentials | null> {
  const text = await readIfThere(path)
  if (text === null) return null
  if (platform() !== 'win32' && ((await stat(path)).mode & GROUP_AND_OTHERS) !== 0)
    throw refusal(`${path} holds a key and others may read it: chmod 600 it, and think of revoking the key.`)
  const value = parsed(text)
  if (isRecord(value) && typeof value['url'] === 'string' && typeof value['key'] === 'string')
    return { url: value['url'], key: value['key'] }
  throw refusal(`${path} is damaged: kappa login writes it anew.`)
}

export const writeCredentials = (path: string, credentials: Credentials): Promise<void> =>
  writePrivately(path, credentials)

/** @returns whether there were any */
export async function removeCredentials(path: string): Promise<boolean> {
  const isThere = (await readIfThere(path)) !== null
  await rm(path, { force: true })
  return isThere
}
