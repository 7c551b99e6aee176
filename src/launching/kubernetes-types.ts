/**
 * What an object of Kubernetes may have, by the types that its client is generated with from the published OpenAPI document. The client itself
 * drops what it does not know, so a misspelt field of a template would silently not act.
 */
import * as kubernetes from '@kubernetes/client-node'

interface Attribute {
  readonly baseName: string
  readonly type: string
}

const MODELS: Readonly<Record<string, unknown>> = { ...kubernetes }

function attributesOf(type: string): readonly Attribute[] | null {
  const model = MODELS[type]
  if (typeof model !== 'function' || !('getAttributeTypeMap' in model)) return null
  return (model as { getAttributeTypeMap(): readonly Attribute[] }).getAttributeTypeMap() // generated so
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @returns a sentence for each field that is unknown or of another type; empty where all is well */
export function problemsOf(value: unknown, type: string, path = ''): readonly string[] {
  const at = path === '' ? 'the object' : path.slice(1)
  const list = /^Array<(.+)>$/.exec(type)?.[1]
  if (list !== undefined) {
    if (!Array.isArray(value)) return [`${at} must be a list`]
    return value.flatMap((item, i) => problemsOf(item, list, `${path}[${i}]`))
  }
  const entries = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (entries !== undefined) {
    if (!isRecord(value)) return [`${at} must be a mapping`]
    return Object.entries(value).flatMap(([key, item]) => problemsOf(item, entries, `${path}.${key}`))
  }
  const attributes = attributesOf(type)
  if (attributes === null) return isScalar(value, type) ? [] : [`${at} must be a ${type}`]
  if (!isRecord(value)) return [`${at} must be a mapping`]
  return Object.entries(value).flatMap(([key, item]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key)
    return attribute === undefined
      ? [`${`${path}.${key}`.slice(1)} is no field`]
      : problemsOf(item, attribute.type, `${path}.${key}`)
  })
}

function isScalar(value: unknown, type: string): boolean {
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type
    case 'IntOrString':
      return typeof value === 'string' || typeof value === 'number'
    case 'Date':
    case 'V1MicroTime':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value))
    default:
      return true
  }
}
