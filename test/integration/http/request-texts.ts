/** The texts that requests of the document carry: each one either names something of a project, or does not. */
import type { TestApp } from '../../helpers/app.ts'

export interface RequestText {
  readonly operationId: string
  /** `path:id`, `query:dataset`, or a pointer into the JSON body with `[]` for any item. */
  readonly at: string
}

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
}

interface DocumentedOperation {
  readonly operationId: string
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

const isText = ({ type, enum: choices, const: only, format }: Schema): boolean =>
  [type].flat().includes('string') && choices === undefined && only === undefined && format !== 'date-time'

/** Headers aside: none of ours names anything. */
export function listRequestTexts({ app }: TestApp): RequestText[] {
  const { schemas } = app.openApi['components'] as { schemas: Readonly<Record<string, Schema>> } // as it is built
  const found = new Map<string, RequestText>()

  function walk(schema: Schema, at: string, operationId: string, above: readonly Schema[] = []): void {
    const named = schema.$ref === undefined ? schema : schemas[schema.$ref.split('/').at(-1) ?? '']
    if (named === undefined || above.includes(named)) return
    const path = [...above, named]
    for (const one of [named.anyOf, named.oneOf, named.allOf].flatMap((some) => some ?? []))
      walk(one, at, operationId, path)
    if (named.items) walk(named.items, `${at}[]`, operationId, path)
    for (const [name, one] of Object.entries(named.properties ?? {})) walk(one, `${at}/${name}`, operationId, path)
    if (isText(named)) found.set(`${operationId} ${at}`, { operationId, at })
  }

  for (const operation of Object.values(app.openApi.paths).flatMap((methods) => Object.values(methods))) {
    const { operationId, parameters = [], requestBody } = operation as DocumentedOperation // as it is built
    for (const one of parameters) if (one.in !== 'header') walk(one.schema, `${one.in}:${one.name}`, operationId)
    const json = requestBody?.content['application/json']
    if (json) walk(json.schema, '', operationId)
  }
  return [...found.values()]
}
