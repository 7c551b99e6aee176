/** `kappa doctor --target`: what a step takes on a GPU that is not there. */

import { findCompiler } from '../engine/xla/find-plugin.ts'
import { GPU_TARGET_NAMES, type GpuTargetName, targetMemoryBytes } from '../engine/xla/gpu-targets.ts'
import { MEMORY_FRACTION } from '../engine/xla/open-xla.ts'
import { devicesProblems } from '../recipe/check.ts'
import { type ProgramAhead, stepAhead } from '../training/step-ahead.ts'
import { EXIT, type ExitCode, fromEnvironment, type ReadPlugin, refusal, wholeNumber } from './command.ts'
import type { Output } from './output.ts'
import { readRecipe } from './train-recipe.ts'

export interface TargetOptions {
  readonly target: string
  readonly devices?: string | undefined
  readonly recipe?: string | undefined
  readonly preset?: string | undefined
  readonly method?: string | undefined
}

/** Those of the machines that the GPUs are in. */
const MOST_DEVICES = 8

export async function showTarget(options: TargetOptions, readPlugin: ReadPlugin, output: Output): Promise<ExitCode> {
  const target = targetNamed(options.target)
  const devices =
    options.devices === undefined ? 1 : wholeNumber('devices', options.devices, { least: 1, most: MOST_DEVICES })
  if (options.recipe === undefined && options.preset === undefined)
    throw refusal('--target needs --recipe or --preset.')
  const { plugin: named, precision: wanted, memoryFraction } = fromEnvironment(readPlugin)
  const recipe = await readRecipe(options)
  const [problem] = devicesProblems(recipe, devices)
  if (problem !== undefined) throw refusal(`--devices ${problem.message}.`)
  const plugin = await findCompiler(named)
  const precision = wanted === 'auto' ? 'bfloat16' : wanted
  const { batchSize } = recipe.hyperparameters
  output.line(
    `Compiling a step of ${recipe.method} ${recipe.arch}, batch ${batchSize}, for ${devices} × ${target}: minutes of a processor.`
  )
  const programs = await whileTelling(output, stepAhead(recipe, { plugin, target, precision, replicas: devices }))
  const limitBytes = Math.floor(targetMemoryBytes(target) * (memoryFraction ?? MEMORY_FRACTION))
  const step = summed(programs)
  output.result(
    { type: 'target', target, devices, precision, limitBytes, ...step, programs },
    [...programs.flatMap(linesOf), '', sentenceOf(step.memoryBytes, limitBytes), WHAT_THEY_ARE].join('\n')
  )
  return EXIT.done
}

const TOLD_EVERY_MS = 15_000

/** The compiler says nothing of how far it is. */
async function whileTelling<T>(output: Output, work: Promise<T>): Promise<T> {
  const began = performance.now()
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1000)
    output.progress({ type: 'compiling', seconds }, `still compiling after ${seconds} s`)
  }, TOLD_EVERY_MS)
  return work.finally(() => clearInterval(timer))
}

const WHAT_THEY_ARE = `Counted in the compiled program and never run: launches are kernels, calls of libraries, copies and collectives;
FLOPs are those of products; bytes are what launches read and write, were nothing of it in a cache.`

function targetNamed(word: string): GpuTargetName {
  const name = GPU_TARGET_NAMES.find((one) => one === word)
  if (name === undefined) throw refusal(`--target must be one of ${GPU_TARGET_NAMES.join(', ')}, not ${word}.`)
  return name
}

/** Of a step: a program counts as often as it runs, and the memory is that of the largest. */
function summed(programs: readonly ProgramAhead[]) {
  const sum = (count: (program: ProgramAhead) => number): number =>
    programs.reduce((total, program) => total + program.runs * count(program), 0)
  return {
    launches: sum(({ launches }) => launches.total),
    memoryBytes: Math.max(...programs.map(({ memory }) => memory.totalBytes)),
    flops: sum(({ flops }) => flops),
    bytes: sum(({ bytes }) => bytes)
  }
}

const MEBIBYTE = 1024 ** 2
const memory = (bytes: number): string =>
  bytes < 1024 * MEBIBYTE ? `${Math.ceil(bytes / MEBIBYTE)} MiB` : `${(bytes / 1024 / MEBIBYTE).toFixed(1)} GiB`

/** Decimal, as rates of GPUs are told. */
const counted = (value: number): string =>
  value < 1e12 ? `${(value / 1e9).toPrecision(3)} G` : `${(value / 1e12).toPrecision(3)} T`

function linesOf({ name, runs, launches, flops, bytes, memory: planned }: ProgramAhead): string[] {
  const { fusions, libraryCalls, copies, collectives, others, total } = launches
  const row = (what: string, value: string): string => `  ${what.padEnd(10)} ${value}`
  return [
    runs === 1 ? name : `${name}, ${runs} times a step`,
    row(
      'launches',
      `${total}: ${fusions} fusions, ${libraryCalls} library calls, ${copies} copies, ${collectives} collectives, ${others} others`
    ),
    row('memory', `${memory(planned.totalBytes)}, of which ${memory(planned.temporaryBytes)} while it runs`),
    row('FLOPs', counted(flops)),
    row('bytes', `${counted(bytes)}B`)
  ]
}

const sentenceOf = (memoryBytes: number, limitBytes: number): string =>
  memoryBytes <= limitBytes
    ? `It needs ${memory(memoryBytes)} of the ${memory(limitBytes)} that a run takes of each device.`
    : `It does not fit: ${memory(memoryBytes)} are needed, and a run takes ${memory(limitBytes)} of a device. A smaller batch_size, more --devices or accumulation_steps need less; KAPPA_DEVICE_MEMORY_FRACTION takes more.`
