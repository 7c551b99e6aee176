/** What an assistant can read besides calling tools: the API's document as this server has it, and the pages of docs/. */
import type { ReadResourceResult, Resource } from '@modelcontextprotocol/sdk/types.js'
import { dataOf, type KappaClient } from '../client/client.ts'
import { docsPage, docsPages } from './docs.ts'

const OPENAPI = 'kappa://openapi'
const DOCS = 'kappa://docs/'

export async function listResources(docsFolder: string): Promise<Resource[]> {
  const openapi = {
    uri: OPENAPI,
    name: 'openapi',
    title: "The API's OpenAPI document",
    description: 'Every route, field and failure. Large.',
    mimeType: 'application/json'
  }
  const pages = (await docsPages(docsFolder)).map(({ name, title }) => ({
    uri: `${DOCS}${name}`,
    name,
    title,
    mimeType: 'text/markdown'
  }))
  return [openapi, ...pages]
}

/** Null where there is none. */
export async function readResource(
  { client, docsFolder }: { readonly client: KappaClient; readonly docsFolder: string },
  uri: string
): Promise<ReadResourceResult | null> {
  if (uri === OPENAPI) {
    const document = await dataOf(client.GET('/openapi.json'))
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(document) }] }
  }
  const text = uri.startsWith(DOCS) ? await docsPage(docsFolder, uri.slice(DOCS.length)) : null
  return text === null ? null : { contents: [{ uri, mimeType: 'text/markdown', text }] }
}
