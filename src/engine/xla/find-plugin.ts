/** Which PJRT plugin the xla engine uses: the one that is named, else what is installed. Nothing is searched for. */
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { hasNvidiaDriver } from '../nvidia.ts'
import { ENGINES_FOLDER, whyNotInstalled } from './installed.ts'
import { INSTALLABLE, type InstallableName } from './wheels.ts'

export interface FoundPlugin {
  readonly path: string
  /** `named` by KAPPA_PJRT_PLUGIN, or the engine that was installed. */
  readonly kind: 'named' | InstallableName
  /** By its name, before it is opened; null where that does not tell. */
  readonly platform: 'gpu' | 'cpu' | null
  /** What would be taken if it were there, with the command that brings it. */
  readonly missing?: string
}

export interface NoPlugin {
  /** With the command that brings one; for the end of a sentence. */
  readonly reason: string
  /** A GPU is there, and its plugin is not. */
  readonly isForGpu?: true
}

export interface PluginPlaces {
  /** Where engines are installed. */
  readonly folder?: string
  readonly hasGpu?: boolean
}

/** @param named a plugin's file, or a folder of Python packages (site-packages) with one; an absolute path */
export async function findPlugin(
  named: string | null,
  { folder = ENGINES_FOLDER, hasGpu = hasNvidiaDriver() }: PluginPlaces = {}
): Promise<FoundPlugin | NoPlugin> {
  if (named !== null) return namedPlugin(named, hasGpu)
  const cuda = hasGpu ? await installed('xla-cuda', folder) : null
  if (cuda !== null && 'path' in cuda) return cuda
  const cpu = await installed('xla-cpu', folder)
  // On a machine with a GPU its plugin is what is missing, whether or not there is another one.
  if (cuda === null) return cpu
  return 'path' in cpu ? { ...cpu, missing: cuda.reason } : { ...cuda, isForGpu: true }
}

/**
 * The plugin that compiles for a GPU that is not there: one of CUDA that is named, else what is installed.
 * @throws AppError engine_unavailable, with the command that brings it
 */
export async function findCompiler(named: string | null, folder = ENGINES_FOLDER): Promise<string> {
  const plugin = named === null ? null : await namedPlugin(named, true)
  if (plugin !== null && 'path' in plugin && plugin.platform === 'gpu') return plugin.path
  const found = await Promise.all((['xla-cuda-aot', 'xla-cuda'] as const).map((name) => installed(name, folder)))
  for (const one of found) if ('path' in one) return one.path
  const [{ reason }] = found as [NoPlugin, NoPlugin]
  throw new AppError('engine_unavailable', { message: `Nothing here compiles for a GPU: ${reason}.`, reason })
}

async function installed(name: InstallableName, enginesFolder: string): Promise<FoundPlugin | NoPlugin> {
  const folder = join(enginesFolder, name)
  const problem = await whyNotInstalled(INSTALLABLE[name], folder)
  if (problem !== null) return { reason: `${problem}; npx kappa engine install ${name} brings it` }
  const path = join(folder, INSTALLABLE[name].plugin)
  return { path, kind: name, platform: platformOf(path) }
}

/** `xla_cuda_plugin.so`, `xla_rocm_plugin.so`, `pjrt_c_api_gpu_plugin.so`, `pjrt_c_api_cpu_plugin.so`; not `libtpu.so`. */
function platformOf(path: string): FoundPlugin['platform'] {
  if (/cuda|rocm|gpu/i.test(basename(path))) return 'gpu'
  return /cpu/i.test(basename(path)) ? 'cpu' : null
}

/** Where the plugins' packages put them. */
const IN_PACKAGES = {
  cuda: INSTALLABLE['xla-cuda'].plugin,
  cpu: INSTALLABLE['xla-cpu'].wheels.map(({ below, kept }) => `${below}${kept[0]}`)[0]!
}

async function namedPlugin(named: string, hasGpu: boolean): Promise<FoundPlugin | NoPlugin> {
  const found = await stat(named).catch(() => null) // whatever keeps it from being looked at
  if (found === null) return { reason: `KAPPA_PJRT_PLUGIN is ${named}, and there is no such file` }
  if (!found.isDirectory()) return { path: named, kind: 'named', platform: platformOf(named) }
  const { cuda, cpu } = IN_PACKAGES
  for (const inside of hasGpu ? [cuda, cpu] : [cpu, cuda]) {
    const path = join(named, inside)
    if ((await stat(path).catch(() => null))?.isFile()) return { path, kind: 'named', platform: platformOf(path) }
  }
  return { reason: `KAPPA_PJRT_PLUGIN is the folder ${named}, and neither ${cuda} nor ${cpu} is in it` }
}
