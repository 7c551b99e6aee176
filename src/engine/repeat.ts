/** A program that is run several times in one call: each result is the state of the next. */
import { invariant } from '../base/errors.ts'
import type { Feeds, LoadedProgram, Outputs } from './engine.ts'
import type { Program, Repeat } from './program.ts'
import { elementCount, type TensorSpec, type Values } from './tensor-spec.ts'

/** The inputs of the whole call. */
export const repeatedInputs = ({ inputs }: Program, { each }: Repeat): TensorSpec[] =>
  inputs.map((spec) => (each.includes(spec.name) ? { ...spec, shape: [-1, ...spec.shape] } : spec))

/** How often a call with these feeds runs the program. */
export function timesOf({ inputs }: Program, { each }: Repeat, feeds: Feeds): number {
  const spec = inputs.find(({ name }) => name === each[0])
  invariant(spec, 'a repeated program has an input for each time')
  return feeds[spec.name]!.length / elementCount(spec.shape)
}

/** The repetition for an engine that has no loops of its own. */
export function repeatLoaded(loaded: LoadedProgram, program: Program, repeat: Repeat): LoadedProgram {
  const stacked = program.outputs.filter((name) => !repeat.carried.includes(name))
  return {
    async run(feeds) {
      const times = timesOf(program, repeat, feeds)
      const rows: Outputs[] = []
      let state: Outputs = {}
      for (let time = 0; time < times; time++) {
        const slices = repeat.each.map((name) => [name, rowOf(feeds[name]!, time, times)] as const)
        const outputs = await loaded.run({ ...feeds, ...Object.fromEntries(slices), ...state })
        state = Object.fromEntries(repeat.carried.map((name) => [name, outputs[name]!]))
        rows.push(outputs)
      }
      return { ...state, ...Object.fromEntries(stacked.map((name) => [name, join(rows, name)])) }
    },
    dispose: () => loaded.dispose()
  }
}

function rowOf(values: Values, row: number, rows: number): Values {
  const length = values.length / rows
  return values.subarray(row * length, (row + 1) * length)
}

function join(rows: readonly Outputs[], name: string): Float32Array {
  const length = rows[0]![name]!.length
  const joined = new Float32Array(rows.length * length)
  rows.forEach((row, i) => {
    joined.set(row[name]!, i * length)
  })
  return joined
}
