/** A program as the text that XLA compiles, with what is needed to feed it. */
import type { LoadOptions, Precision, SteppingOptions } from '../engine.ts'
import type { Program } from '../program.ts'
import { writeStableHlo } from '../trace/stablehlo.ts'
import { outputName, traceProgram } from '../trace/trace.ts'
import type { WrittenProgram } from './run-program.ts'

/** @param precision of products, where the options let them be rounded */
export function writeProgram(
  program: Program,
  options: LoadOptions & Partial<SteppingOptions>,
  precision: Precision
): WrittenProgram {
  const { constants = {}, mayRound = false, held = [], commitIf } = options
  const graph = traceProgram(program, { constants, fuses: true })
  const moved = held.filter((name) => program.outputs.includes(name))
  const text = writeStableHlo(graph, {
    precision: mayRound ? precision : 'float32',
    donated: new Map(moved.map((name) => [name, outputName(program, name)])),
    commitIf
  })
  return {
    text,
    inputs: program.inputs.filter(({ name }) => !(name in constants)),
    outputs: graph.outputs.map(({ shape }, i) => ({ name: program.outputs[i]!, shape })),
    held: new Set(held)
  }
}
