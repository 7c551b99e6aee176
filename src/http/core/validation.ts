/** Requests against their schemas: compiled by TypeBox, reported as field errors that name what is wrong. */
import type { FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { AppError, type FieldError } from '../../base/errors.ts'
import {
  escapePointer,
  FILENAME_PATTERN,
  FILENAME_RULE,
  NAME_PATTERN,
  NAME_RULE,
  textErrors,
  unescapePointer
} from './text.ts'
import { registerTimestampFormat, TIMESTAMP_RULE } from './timestamps.ts'
import { explainUnions, type Finding } from './unions.ts'
import { readTexts } from './url-texts.ts'

/** Fastify gives the media type of bodies that may come in several; its types do not say so. */
type SchemaDefinition = Parameters<FastifySchemaCompiler<TSchema>>[0] & { readonly contentType?: string }

const JSON_TYPE = 'application/json'
/** Findings per request: unions report every branch, so more than the fields that are shown. */
const MOST_FINDINGS = 64
const MOST_ERRORS = 16
/** Values looked at to explain a refusal; a body with millions of wrong items must not cost seconds (measured: 6 s for 5e6). */
const EXPLAINED_VALUES = 2000

/** A copy with at most `budget` values, so that explaining what is wrong takes bounded time. */
function prune(value: unknown, budget: { left: number }): unknown {
  budget.left -= 1
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const kept: unknown[] = []
    for (const item of value) {
      if (budget.left <= 0) break
      kept.push(prune(item, budget))
    }
    return kept
  }
  const kept: [string, unknown][] = []
  for (const key in value) {
    if (budget.left <= 0) break
    kept.push([key, prune((value as Record<string, unknown>)[key], budget)])
  }
  return Object.fromEntries(kept)
}

const listOf = (params: object, name: string): readonly unknown[] => {
  const value = (params as Record<string, unknown>)[name]
  return Array.isArray(value) ? value : []
}

/** Rules that a regular expression says to nobody. */
const RULES: Readonly<Record<string, string>> = { [NAME_PATTERN]: NAME_RULE, [FILENAME_PATTERN]: FILENAME_RULE }

const ruleOf = (params: object): string | undefined => ('pattern' in params ? RULES[String(params.pattern)] : undefined)

const unknownField = (path: string): FieldError => ({
  path,
  message: `is an unknown field: ${unescapePointer(path.slice(path.lastIndexOf('/') + 1))}`
})

function explain({ keyword, schemaPath, instancePath, params, message }: Finding): FieldError[] {
  switch (keyword) {
    case 'additionalProperties':
      return listOf(params, 'additionalProperties').map((name) =>
        unknownField(`${instancePath}/${escapePointer(name)}`)
      )
    case 'required':
      return listOf(params, 'requiredProperties').map((name) => ({
        path: `${instancePath}/${escapePointer(name)}`,
        message: 'is required'
      }))
    case 'enum':
      return [{ path: instancePath, message: `must be one of ${listOf(params, 'allowedValues').join(', ')}` }]
    case 'pattern':
      return [{ path: instancePath, message: ruleOf(params) ?? message }]
    case 'format':
      return [{ path: instancePath, message: TIMESTAMP_RULE }]
    case 'boolean':
      // Of unknown fields the first half, one a field: where there are many, the findings end before the other half is among them.
      if (schemaPath.endsWith('/additionalProperties')) return [unknownField(instancePath)]
      return [{ path: instancePath, message: 'is one item too many' }]
    default:
      return [{ path: instancePath, message }]
  }
}

function report(findings: readonly Finding[]): FieldError[] {
  const seen = new Set<string>()
  return explainUnions(findings)
    .flatMap(explain)
    .filter(({ path, message }) => !seen.has(`${path} ${message}`) && seen.add(`${path} ${message}`))
    .slice(0, MOST_ERRORS)
}

/** Nothing of what is right, and never nothing of what is not: without a word about it, it would be taken. */
function findingsOf(validator: Validator, value: unknown): FieldError[] {
  if (validator.Check(value)) return []
  const near = report(validator.Errors(prune(value, { left: EXPLAINED_VALUES })))
  if (near.length > 0) return near
  // What is wrong comes after what was looked at, so that there is little of it before.
  const far = report(validator.Errors(value))
  return far.length > 0 ? far : [{ path: '', message: 'does not fit its schema' }]
}

/** For a body that is made of another one: what validation would find in it. */
export function createBodyCheck(schema: TSchema): (value: unknown) => FieldError[] {
  const validator = Compile(schema)
  return (value) => findingsOf(validator, value)
}

function refuse(found: readonly FieldError[], httpPart: string | undefined): AppError {
  const errors = found.map(({ path, message }) => ({ path: httpPart === 'body' ? path : path.slice(1), message }))
  const isRecipe = errors.length > 0 && errors.every(({ path }) => path.startsWith('/hyperparameters'))
  return new AppError(isRecipe ? 'invalid_recipe' : 'invalid_request', { errors })
}

/** Nothing is removed, nothing converted but the texts of a URL. */
export function createValidatorCompiler(): FastifySchemaCompiler<TSchema> {
  Settings.Set({ maxErrors: MOST_FINDINGS })
  registerTimestampFormat()
  return ({ schema, httpPart, contentType = JSON_TYPE }: SchemaDefinition) => {
    // Images and forms are documented by their schemas, and judged where they are read.
    if (contentType !== JSON_TYPE) return () => true
    // Compiled by the first request: a process on Lambda that answers few of the routes does not pay for all of them.
    let validator: Validator | undefined
    const isText = httpPart !== 'body'
    return (given: unknown) => {
      if (!isText && (given === undefined || given === null))
        return { error: refuse([{ path: '', message: 'is required, as JSON' }], httpPart) }
      const unstorable = isText ? textErrors(given) : [] // of a body, its parser has looked
      if (unstorable.length > 0) return { error: refuse(unstorable, httpPart) }
      const value = isText ? readTexts(schema, given) : given
      validator ??= Compile(schema)
      const errors = findingsOf(validator, value)
      return errors.length === 0 ? { value } : { error: refuse(errors, httpPart) }
    }
  }
}
