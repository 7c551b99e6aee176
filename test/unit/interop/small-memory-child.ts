/** Reads weight files in a process of little memory, and says of each what became of it: the code, or `read`. */
import { isAppError } from '../../../src/base/errors.ts'
import { importWeights } from '../../../src/interop/import-weights.ts'

for (const path of process.argv.slice(2)) {
  try {
    await importWeights(path, {})
    process.stdout.write(`${path}\tread\n`)
  } catch (error) {
    if (!isAppError(error)) throw error
    process.stdout.write(`${path}\t${error.code}\t${error.message}\n`)
  }
}
