/** All that the chart makes, in one run: most of its time goes into reading schemas. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { TOOLS } from '../tools.ts'
import { template, VALUES } from './chart.ts'

const schemas = join(TOOLS, 'schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json')
const rendered = VALUES.map((values) => template(values))
const input = rendered.map(({ text }) => text).join('\n---\n')
// What has no schema fails: it is not ignored.
const args = ['-strict', '-schema-location', schemas, '-']
const { status, stdout, stderr } = spawnSync('kubeconform', args, { encoding: 'utf8', input })
const errors = rendered.map(({ error }) => error).join('')
process.stderr.write(`${errors}${stdout}${stderr}`)
if (status !== 0 || errors !== '') process.exitCode = 1
