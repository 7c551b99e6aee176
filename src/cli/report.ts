/** `kappa report`: what evaluations measured, models side by side, as one page of HTML. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { writing } from '../base/system-errors.ts'
import { type Measurement, readMeasurements } from '../report/measurement.ts'
import { reportPage } from '../report/page.ts'
import { type Command, EXIT, EXIT_CODES, needed, refusal } from './command.ts'
import { systemReason } from './failures.ts'
import { checkNew } from './new-path.ts'
import { readWords } from './options.ts'

const USAGE = `Compares models: a table a protocol, intervals drawn, settings beside them, and a warning where numbers must not be compared.

  kappa report FILE… --out FILE

  FILE…                     as kappa evaluate --out writes them, or GET /v1/evaluations/{id} answers; one or more
  --out FILE                new; one page of HTML that needs nothing else
  --json                    one JSON object a line on stdout; docs/cli.md has their fields

${EXIT_CODES}
`

const OPTIONS = { out: { type: 'string' }, json: { type: 'boolean' } } as const

/** Of all files together: results are a few kilobytes each. */
const MOST_BYTES = 64 * 1024 * 1024

export const REPORT: Command = {
  usage: USAGE,
  async run(args, output) {
    const { values, words: files } = readWords(args, OPTIONS)
    if (files.length === 0) throw refusal('A file is needed, as kappa evaluate --out writes it.')
    const out = resolve(needed('out', values.out))
    await checkNew(out)
    const measurements: Measurement[] = []
    let bytes = 0
    for (const file of files) {
      const text = await textOf(file)
      bytes += text.length
      if (bytes > MOST_BYTES) throw refusal(`${file} is too large for results of evaluations.`)
      measurements.push(...readMeasurements(text, file))
    }
    await mkdir(dirname(out), { recursive: true })
    const draft = `${out}.partial`
    await writing(writeFile(draft, reportPage(measurements)))
    await rename(draft, out)
    output.result({ type: 'report', file: out, results: measurements.length }, out)
    return EXIT.done
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(resolve(file), 'utf8')
  } catch (error) {
    throw refusal(`${file} cannot be read: ${systemReason(error)}.`)
  }
}
