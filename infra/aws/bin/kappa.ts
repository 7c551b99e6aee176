/** `npm run synth -- [--api lambda|fargate --certificate ARN] [--image NAME] [--budget N] [--email ADDRESS]`: writes the template, cdk.out. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { readSettings } from '../lib/settings.ts'
import { synthesize } from '../lib/synthesize.ts'

const settings = readSettings(process.argv.slice(2))
const code = resolve(import.meta.dirname, '../../../dist/lambda')
if (settings.api === 'lambda' && !existsSync(resolve(code, 'bootstrap')))
  throw new Error('dist/lambda is not there: npm run lambda -- --node, in the root of the repository')
synthesize(settings, code, resolve(import.meta.dirname, '../cdk.out'))
