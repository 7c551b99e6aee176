/**
 * Builds a target where no builder is: every stage is a folder with a root file system, RUN is a chroot into it. No layers, no
 * cache between runs, no isolation worth its name: for trying our own Dockerfile, never somebody else's.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  configOf,
  type ImageConfig,
  parseDockerfile,
  type Stage,
  type Step,
  stagesFor,
  withStep
} from './dockerfile.ts'

export interface BuildOptions {
  readonly dockerfile: string
  /** What COPY takes from. `.dockerignore` is not applied: give it a folder that holds only what git tracks. */
  readonly context: string
  /** Stands for every image of a FROM. */
  readonly base: string
  readonly into: string
  readonly tell: (line: string) => void
}

/** What package managers need to reach their registries as this machine does. */
const PASSED = /^(npm_config_|PIP_|SSL_CERT|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy)/i

const passed = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (PASSED.test(name) ? [[name, value!]] : []))
  )

function run(root: string, { rest }: Step, { env, workdir }: ImageConfig): void {
  const command = rest.startsWith('[') ? (JSON.parse(rest) as string[]) : ['/bin/sh', '-c', rest]
  const settings = Object.entries({
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    HOME: '/root',
    ...passed(),
    ...env
  })
  const inside = ['env', '-i', `--chdir=${workdir}`, ...settings.map(([name, value]) => `${name}=${value}`), ...command]
  // /proc and /dev for the step alone: they go with its mount namespace.
  const script = 'mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && exec chroot "$@"'
  execFileSync('unshare', ['--mount', '--fork', '--pid', 'sh', '-c', script, 'sh', root, ...inside], {
    stdio: ['ignore', 'ignore', 'inherit']
  })
}

function copy(roots: Roots, { rest, line }: Step, { workdir }: ImageConfig): void {
  const words = rest.split(/\s+/)
  const from = words[0]?.startsWith('--from=') ? words.shift()!.slice('--from='.length) : null
  const target = words.pop()!
  const source = from === null ? roots.context : roots.of(from)
  const destination = join(roots.current, target.startsWith('/') ? target : join(workdir, target))
  const found = words.flatMap((word) => globSync(word.replace(/^\//, ''), { cwd: source }))
  if (found.length === 0) throw new Error(`line ${line}: COPY finds nothing`)
  for (const path of found) {
    const isInto = target.endsWith('/') || words.length > 1
    const to = isInto ? join(destination, basename(path)) : destination
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(source, path), to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  }
}

interface Roots {
  readonly context: string
  readonly current: string
  readonly of: (stage: string) => string
}

export interface Built {
  readonly root: string
  readonly config: ImageConfig
}

export function buildInChroot(target: string, options: BuildOptions): Built {
  const { dockerfile, context, base, into, tell } = options
  const stages = parseDockerfile(readFileSync(dockerfile, 'utf8'))
  const rootOf = (name: string) => join(into, name)
  for (const stage of stagesFor(target, stages)) {
    if (existsSync(rootOf(stage.name))) continue
    const isImage = !stages.some(({ name }) => name === stage.from)
    tell(`${stage.name}: from ${isImage ? `${base} instead of ${stage.from}` : stage.from}`)
    mkdirSync(rootOf(stage.name), { recursive: true })
    // A copy, not an overlay: that a step cannot change the stage below it has to hold on every file system.
    execFileSync('cp', ['-a', '--reflink=auto', `${isImage ? base : rootOf(stage.from)}/.`, rootOf(stage.name)])
    buildStage(stage, { context, current: rootOf(stage.name), of: rootOf }, configOf(stage.from, stages), tell)
  }
  return { root: rootOf(target), config: configOf(target, stages) }
}

function buildStage(stage: Stage, roots: Roots, from: ImageConfig, tell: (line: string) => void): void {
  let config = from
  for (const step of stage.steps) {
    config = withStep(config, step)
    const start = performance.now()
    if (step.word === 'WORKDIR') mkdirSync(join(roots.current, step.rest), { recursive: true })
    else if (step.word === 'COPY') copy(roots, step, config)
    else if (step.word === 'RUN') run(roots.current, step, config)
    else continue
    tell(`  ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${step.word} ${step.rest.slice(0, 90)}`)
  }
}
