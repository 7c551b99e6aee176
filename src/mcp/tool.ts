/** A tool of the server: what it is called with, and what it answers. Its failures are answers too, so that the caller can read them. */
import type { CallToolResult, Tool, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import type { Static, TObject } from 'typebox'
import { Compile } from 'typebox/compile'
import type { KappaClient } from '../client/client.ts'
import { type Problem, toProblem } from '../client/problem.ts'

export interface ToolContext {
  readonly client: KappaClient
  /** The pages of docs/ that diagnoses quote. */
  readonly docsFolder: string
  /** Ends when the caller has lost interest, or is gone. */
  readonly signal: AbortSignal
  /** Told to a caller that asked for progress; `total` is null while nobody knows it. */
  progress(done: number, total: number | null, message: string): Promise<void>
}

export interface ToolDefinition {
  readonly tool: Tool
  call(args: unknown, context: ToolContext): Promise<CallToolResult>
}

interface ToolSpec<Schema extends TObject> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly input: Schema
  readonly annotations: ToolAnnotations
  /** Text as it is, anything else as JSON. */
  run(args: Static<Schema>, context: ToolContext): Promise<unknown>
}

/** Of tools that change nothing. */
export const READS: ToolAnnotations = { readOnlyHint: true, openWorldHint: false }
/** Of tools that add something, or change what can be changed back. */
export const WRITES: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, openWorldHint: false }
/** Of tools whose doing cannot be undone. */
export const ENDS: ToolAnnotations = { readOnlyHint: false, destructiveHint: true, openWorldHint: false }

export function defineTool<Schema extends TObject>(spec: ToolSpec<Schema>): ToolDefinition {
  const { name, title, description, input, annotations, run } = spec
  const validator = Compile(input)
  return {
    // A schema of TypeBox is plain JSON Schema; through JSON, so that none of its own marks are left.
    tool: {
      name,
      title,
      description,
      annotations,
      inputSchema: JSON.parse(JSON.stringify(input)) as Tool['inputSchema']
    },
    async call(args, context) {
      if (!validator.Check(args)) return refused(validator.Errors(args))
      try {
        return answer(await run(args, context))
      } catch (thrown) {
        if (context.signal.aborted) throw thrown
        return failed(toProblem(thrown))
      }
    }
  }
}

function answer(value: unknown): CallToolResult {
  return { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value, null, 1) }] }
}

interface Finding {
  readonly instancePath: string
  readonly schemaPath: string
  readonly message: string
}

/** An argument that the tool does not have is told as "schema is false" otherwise. */
const inWords = ({ instancePath, schemaPath, message }: Finding): string =>
  `${instancePath || 'The arguments'} ${schemaPath.endsWith('/additionalProperties') ? 'is no argument of this tool' : message}`

function refused(errors: Iterable<Finding>): CallToolResult {
  const lines = [...errors].map(inWords)
  return { isError: true, content: [{ type: 'text', text: `The arguments are not valid:\n${lines.join('\n')}` }] }
}

/** The API's own words: they name the scope, the field and what would help. */
function failed({ details }: Problem): CallToolResult {
  const { status, code, message, errors, requestId, retryAfterS } = details
  const lines = [
    `${status === 0 ? '' : `${status} `}${code}: ${message}`,
    ...errors.map(({ path, message: reason }) => `${path} ${reason}`),
    ...(retryAfterS === null ? [] : [`The server asks to wait ${retryAfterS} s.`]),
    ...(requestId === null ? [] : [`request_id ${requestId}`])
  ]
  return { isError: true, content: [{ type: 'text', text: lines.join('\n') }] }
}
