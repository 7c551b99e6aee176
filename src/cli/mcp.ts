/** `kappa mcp`: tools for assistants over stdin and stdout, in front of a Kappa server. */
import { resolve } from 'node:path'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { VERSION } from '../base/version.ts'
import { createKappaClient } from '../client/client.ts'
import { createMcpServer } from '../mcp/server.ts'
import { type Command, EXIT } from './command.ts'
import { readOptions } from './options.ts'
import { credentialsOf } from './remote/connection.ts'
import { SERVER_TEXT } from './remote/remote-command.ts'

const USAGE = `Tools for assistants that speak the Model Context Protocol: runs, diagnoses, models, images. It is started by the assistant's
program, speaks over stdin and stdout, and can do what its key may and nothing else.

  KAPPA_URL=https://kappa.example KAPPA_API_KEY=kappa_… kappa mcp [--help]

${SERVER_TEXT} Give the assistant a key of its own, with the scopes that it should have (docs/mcp.md).
`

const DOCS = resolve(import.meta.dirname, '../../docs')

export const MCP: Command = {
  usage: USAGE,
  async run(args) {
    readOptions(args, {})
    const { url, key } = await credentialsOf(process.env)
    const server = createMcpServer({
      client: createKappaClient({ baseUrl: url, key }),
      docsFolder: DOCS,
      version: VERSION
    })
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
