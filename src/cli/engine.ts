/** `kappa engine`: brings an engine onto this machine, or lists those that it has. */
import { join, resolve } from 'node:path'
import { install } from '../engine/xla/install.ts'
import { ENGINES_FOLDER } from '../engine/xla/installed.ts'
import { INSTALLABLE, INSTALLABLE_NAMES, type InstallableName } from '../engine/xla/wheels.ts'
import {
  type Command,
  EXIT,
  EXIT_CODES,
  type ExitCode,
  needed,
  type ReadPlugin,
  refusal,
  threadsOf
} from './command.ts'
import { untilInterrupted } from './interrupt.ts'
import { checkWritable } from './new-path.ts'
import { readWords } from './options.ts'
import type { Output } from './output.ts'
import { found } from './sources.ts'

const MEBIBYTE = 1024 * 1024
const mebibytes = (bytes: number): string => `${Math.ceil(bytes / MEBIBYTE)} MiB`

const toBring = (name: InstallableName): string =>
  mebibytes(INSTALLABLE[name].wheels.reduce((sum, { bytes }) => sum + bytes, 0))

const USAGE = `Brings an engine onto this machine, through its own pip, or lists those that it has.

  kappa engine install NAME [--wheels FOLDER] [--out FOLDER] [--json]
  kappa engine list [--threads N] [--json]

  NAME                      xla-cpu: XLA for the CPU (brings ${toBring('xla-cpu')}, takes 200 MiB)
                            xla-cuda: XLA for NVIDIA GPUs, with CUDA 13, cuDNN and NCCL (${toBring('xla-cuda')}, 2.6 GiB)
                            xla-cuda-aot: the part of it that compiles for a GPU that is not there (${toBring('xla-cuda-aot')}, 480 MiB)
  --wheels FOLDER           takes the files from there and asks nobody; what it lacks is named
  --out FOLDER              instead of .engines/NAME; KAPPA_PJRT_PLUGIN then has to name the plugin in it
  --threads N               of the engines that are listed, all cores by default

${EXIT_CODES}
`

const text = { type: 'string' } as const
const OPTIONS = { wheels: text, out: text, threads: text, json: { type: 'boolean' } } as const

export const createEngineCommand = (readPlugin: ReadPlugin): Command => ({
  usage: USAGE,
  async run(args, output) {
    const { values, words } = readWords(args, OPTIONS)
    const [what, name, ...more] = words
    const extra = what === 'list' ? name : more[0]
    if (extra !== undefined) throw refusal(`${extra} belongs to no option.`)
    if (what === 'list') {
      for (const option of ['wheels', 'out'] as const)
        if (values[option] !== undefined) throw refusal(`--${option} is of kappa engine install.`)
      // Loads every engine, none of which an installation needs.
      const { showEngines } = await import('./doctor.ts')
      return showEngines(threadsOf(values.threads), readPlugin, output)
    }
    if (what !== 'install') throw refusal(`kappa engine takes install or list, not ${what ?? 'nothing'}.`)
    if (values.threads !== undefined) throw refusal('--threads is of kappa engine list.')
    return installEngine(engineNamed(name), values, output)
  }
})

function engineNamed(word: string | undefined): InstallableName {
  const name = INSTALLABLE_NAMES.find((one) => one === word)
  const known = INSTALLABLE_NAMES.join(', ')
  if (word === undefined) throw refusal(`kappa engine install needs one of ${known}.`)
  if (name === undefined) throw refusal(`What is installed must be one of ${known}, not ${word}.`)
  return name
}

interface Places {
  readonly wheels?: string
  readonly out?: string
}

async function installEngine(name: InstallableName, { wheels, out }: Places, output: Output): Promise<ExitCode> {
  const platform = `${process.platform}-${process.arch}`
  if (platform !== 'linux-x64') throw refusal(`${name} is made for linux-x64, and this is ${platform}.`)
  const folder = out === undefined ? join(ENGINES_FOLDER, name) : resolve(needed('out', out))
  if (wheels !== undefined) await found('wheels', needed('wheels', wheels))
  await checkWritable(folder)
  const engine = INSTALLABLE[name]
  const plugin = join(folder, engine.plugin)
  return untilInterrupted(
    () => output.line('stopping; nothing of it is left'),
    async (signal) => {
      const isNew = await install(engine, {
        folder,
        wheelsFolder: wheels === undefined ? undefined : resolve(wheels),
        signal,
        onWheel({ name: wheel, version, file, bytes }, number) {
          const of = engine.wheels.length
          const line = `${number} of ${of}: ${wheel} ${version}, ${mebibytes(bytes)}`
          output.show({ type: 'wheel', name: wheel, version, file, bytes, number, of }, line)
        }
      })
      const how = out === undefined ? '' : `\nKAPPA_PJRT_PLUGIN=${plugin} makes Kappa use it.`
      const line = isNew ? `${name} is in ${folder}.` : `${name} was in ${folder} already, whole and as it is pinned.`
      output.result({ type: 'installed', name, folder, plugin, isNew }, `${line}${how}`)
      return EXIT.done
    }
  )
}
