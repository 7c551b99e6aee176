/** Compiles programs of the named sizes through a cache in the folder, and says of each how it came by it. */
import { createProgramCache } from '../../../../src/engine/xla/program-cache.ts'
import { additionOf, cpuClient } from '../../../helpers/pjrt.ts'

const [folder, ...sizes] = process.argv.slice(2)
const cache = createProgramCache({
  folder: folder!,
  maxBytes: 2 ** 30,
  onProblem: (error) => {
    throw error
  }
})
const client = cpuClient()
for (const size of sizes) {
  const { executable, isCompiled } = await cache.compile(client, additionOf([Number(size)]), { replicas: 1 })
  executable.dispose()
  process.stdout.write(`${size} ${isCompiled ? 'compiled' : 'loaded'}\n`)
}
