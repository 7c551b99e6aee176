/** `kappa mcp`: tools for assistants over stdin and stdout, in front of a Kappa server. */
import { resolve } from 'node:path'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { VERSION } from '../base/version.ts'
import { createKappaClient } from '../client/client.ts'
import { createMcpServer } from '../mcp/server.ts'
import { type Command, EXIT, refusal } from './command.ts'
import { readOptions } from './options.ts'

const USAGE = `Tools for assistants that speak the Model Context Protocol: runs, diagnoses, models, images. It is started by the assistant's
program, speaks over stdin and stdout, and can do what its key may and nothing else.

  KAPPA_URL=https://kappa.example KAPPA_API_KEY=kappa_… kappa mcp [--help]

  KAPPA_URL        of the server, such as http://127.0.0.1:8080
  KAPPA_API_KEY    a key; give it the scopes that the assistant should have (docs/mcp.md)
`

const DOCS = resolve(import.meta.dirname, '../../docs')

export const MCP: Command = {
  usage: USAGE,
  async run(args) {
    readOptions(args, {})
    const { baseUrl, key } = serverOf(process.env)
    const server = createMcpServer({ client: createKappaClient({ baseUrl, key }), docsFolder: DOCS, version: VERSION })
    const closed = new Promise<void>((done) => {
      server.onclose = done
    })
    // The protocol's end of a session: the assistant closes our stdin, or sends a signal when that does not help.
    process.stdin.once('end', () => void server.close())
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void server.close())
    await server.connect(new StdioServerTransport())
    await closed
    return EXIT.done
  }
}

/** @throws AppError invalid_request naming the variable */
export function serverOf(environment: NodeJS.ProcessEnv): { readonly baseUrl: string; readonly key: string } {
  const { KAPPA_URL: url = '', KAPPA_API_KEY: key = '' } = environment
  if (url === '') throw refusal('KAPPA_URL is needed: where the server is, such as http://127.0.0.1:8080.')
  const parsed = URL.parse(url)
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw refusal(`KAPPA_URL must be an http or https URL, not ${url}.`)
  if (key === '') throw refusal('KAPPA_API_KEY is needed: a key of the server.')
  return { baseUrl: url.replace(/\/+$/, ''), key }
}
