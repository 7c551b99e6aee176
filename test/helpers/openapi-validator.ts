/** Responses against openapi.yaml, as a stranger's generated client would read them. */
import assert from 'node:assert/strict'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { createParser } from 'eventsource-parser'
import { readOpenApiDocument } from './openapi-document.ts'

interface MediaType {
  readonly schema: Record<string, unknown>
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, unknown>>
  readonly content?: Readonly<Record<string, MediaType>>
}

interface OperationObject {
  readonly operationId: string
  readonly responses: Readonly<Record<string, ResponseObject>>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, unknown>>
    readonly headers: Readonly<Record<string, { readonly required?: boolean }>>
  }
}

export interface OpenApiValidator {
  readonly document: Document
  /** The operationId of a request, or null when the document has no such route. */
  operationOf(method: string, url: string): string | null
  /**
   * @param operation operationId, or null for what no route answered: then it must be a problem
   * @param body the text as it was received
   * @throws AssertionError when the document does not announce this status, media type or body
   */
  validateResponse(operation: string | null, status: number, contentType: string | null, body: string): void
  /** @throws AssertionError when a header of the document is sent where it is not announced, or is missing where it must be */
  validateHeaders(operation: string | null, status: number, headers: Readonly<Record<string, unknown>>): void
}

const document = (await readOpenApiDocument()) as Document
const PROBLEM = { $ref: '#/components/schemas/Problem' }
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head']

const essence = (contentType: string): string => contentType.split(';', 1)[0]!.trim()

function createSchemaChecker(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'kappa:', components: document.components })
  const compiled = new Map<string, ValidateFunction>()
  return (schema: Record<string, unknown>, value: unknown, what: string): void => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"kappa:#/components/')
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text))
    compiled.set(text, validate)
    assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value).slice(0, 1000)}`)
  }
}

/** Data of server-sent events, parsed. */
function eventData(stream: string): unknown[] {
  const data: unknown[] = []
  createParser({ onEvent: (event) => data.push(JSON.parse(event.data)) }).feed(stream)
  return data
}

export function createOpenApiValidator(): OpenApiValidator {
  const check = createSchemaChecker(document)
  // What is written out comes before what has places: /v1/models/uploads is no model.
  const places = (template: string) => template.split('{').length
  const templates = Object.entries(document.paths).toSorted(([one], [other]) => places(one) - places(other))
  const routes = templates.flatMap(([template, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method]
      const pattern = template.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '[^/:]+')
      return operation ? [{ method, operation, pattern: new RegExp(`^${pattern}$`) }] : []
    })
  )
  return {
    document,
    operationOf(method, url) {
      const { pathname } = new URL(url, 'http://localhost')
      const found = routes.find((one) => one.method === method.toLowerCase() && one.pattern.test(pathname))
      return found?.operation.operationId ?? null
    },
    validateHeaders(operation, status, headers) {
      const responses = routes.find((one) => one.operation.operationId === operation)?.operation.responses ?? {}
      const announced = responses[String(status)]?.headers
      if (!announced) return
      for (const [name, { required = false }] of Object.entries(document.components.headers)) {
        const isSent = headers[name.toLowerCase()] !== undefined
        const what = `${operation} ${status}: the header ${name}`
        assert.ok(!isSent || name in announced, `${what} is not announced`)
        assert.ok(isSent || !(required && name in announced), `${what} is missing`)
      }
    },
    validateResponse(operation, status, contentType, body) {
      const what = `${operation ?? 'no route'} ${status}`
      if (operation === null) return check(PROBLEM, JSON.parse(body), what)
      const found = routes.find((one) => one.operation.operationId === operation)
      assert.ok(found, `${operation} is not in openapi.yaml`)
      const response = found.operation.responses[String(status)]
      assert.ok(response, `${what} is not in openapi.yaml: ${body.slice(0, 500)}`)
      if (!response.content) return assert.equal(body, '', `${what} has no body`)
      assert.ok(contentType, `${what} has no content type`)
      const media = response.content[essence(contentType)]
      assert.ok(media, `${what} is not announced as ${contentType}`)
      const perEvent = media.schema['x-event-data'] as Record<string, unknown> | undefined
      if (perEvent) for (const event of eventData(body)) check(perEvent, event, what)
      else if (/json$/.test(essence(contentType))) check(media.schema, JSON.parse(body), what)
    }
  }
}
