/** `kappa login` and `kappa logout`: a key is asked for once, tried, and kept where nobody else reads it. */
import { dataOf } from '../../client/client.ts'
import { Problem } from '../../client/problem.ts'
import { createKappa } from '../../sdk/kappa.ts'
import { type Command, EXIT, refusal } from '../command.ts'
import { readOptions } from '../options.ts'
import { checkedUrl, DEFAULT_URL } from './connection.ts'
import { credentialsPath, readCredentials, removeCredentials, writeCredentials } from './credentials.ts'
import { readSecret } from './prompt.ts'
import { REMOTE_EXIT_CODES, remoteCommand } from './remote-command.ts'

const LOGIN_USAGE = `Keeps an API key for a server, after trying it.

  kappa login [--url URL]
  kappa login --url URL < FILE

  --url URL                 of the server; the one of before, KAPPA_URL or ${DEFAULT_URL} unless it is given
  --json                    one JSON object a line on stdout; docs/remote.md has their fields

The key is asked for and not shown while it is typed; from a pipe its first line is taken. It is never a flag: flags are
seen by everybody on the machine. It is kept in kappa/credentials.json of $XDG_CONFIG_HOME (~/.config), for you alone.
KAPPA_URL and KAPPA_API_KEY win over it.
${REMOTE_EXIT_CODES}
`

const LOGOUT_USAGE = `Removes the key that kappa login kept. On the server it stays good until it is revoked.

  kappa logout

  --json                    one JSON object a line on stdout; docs/remote.md has their fields

${REMOTE_EXIT_CODES}
`

const OPTIONS = { url: { type: 'string' }, json: { type: 'boolean' } } as const

/** The smallest question that only a good key gets an answer to; that it may not list runs makes it no bad one. */
async function tryKey(url: string, key: string): Promise<void> {
  try {
    await dataOf(createKappa({ url, key }).api.GET('/v1/runs', { params: { query: { limit: 1 } } }))
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'forbidden') throw error
  }
}

/** A name such as 127.evil.example is none: of names only localhost is of this machine. */
export const isLocal = (url: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname)

export const LOGIN: Command = remoteCommand({
  usage: LOGIN_USAGE,
  async run(args, output) {
    const values = readOptions(args, OPTIONS)
    const path = credentialsPath(process.env)
    const said = values.url === undefined ? process.env['KAPPA_URL'] || null : null
    const before = values.url === undefined && said === null ? await readCredentials(path) : null
    const url = checkedUrl(said === null ? '--url' : 'KAPPA_URL', values.url ?? said ?? before?.url ?? DEFAULT_URL)
    if (url.startsWith('http:') && !isLocal(url))
      output.line(`${url} is not encrypted: whoever carries the requests can read the key.`)
    const key = (await readSecret(`API key for ${url}: `, process.stdin, process.stderr))?.trim() ?? null
    if (key === null) return EXIT.stopped
    if (!/^[\x21-\x7e]{1,4096}$/.test(key)) throw refusal('The key must be one line of visible ASCII characters.')
    await tryKey(url, key)
    await writeCredentials(path, { url, key })
    output.show({ type: 'logged_in', url, file: path }, `The key for ${url} is kept in ${path}.`)
    return EXIT.done
  }
})

export const LOGOUT: Command = {
  usage: LOGOUT_USAGE,
  async run(args, output) {
    readOptions(args, { json: OPTIONS.json })
    const path = credentialsPath(process.env)
    const removed = await removeCredentials(path)
    const text = removed ? `${path} is removed; the key stays good on its server.` : 'No key was kept.'
    output.show({ type: 'logged_out', removed, file: path }, text)
    return EXIT.done
  }
}
