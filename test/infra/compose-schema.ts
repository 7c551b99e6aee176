/** infra/compose.yaml against the schema of the Compose Specification (schemas/compose-spec.json, of compose-go 2.16.2, Apache-2.0). */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { readCompose } from './compose-file.ts'

const schema = JSON.parse(readFileSync(resolve(import.meta.dirname, 'schemas/compose-spec.json'), 'utf8'))
const everything = new Proxy({}, { get: () => 'x' })
// Union types and formats of the specification's own: Ajv's strict mode is about the style of a schema, not about the file.
const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
const validate = ajv.compile(schema)
// Keys that begin with x- are extensions.
if (!validate(readCompose(everything))) {
  for (const { instancePath, message, params } of validate.errors ?? [])
    process.stderr.write(`infra/compose.yaml${instancePath}: ${message} ${JSON.stringify(params)}\n`)
  process.exitCode = 1
}
