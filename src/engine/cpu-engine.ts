/** Runs programs eagerly in plain JavaScript: the reference that tests hold the fast engine against. Far too slow to train. */
import { invariant } from '../base/errors.ts'
import type { Engine, LoadedProgram, Outputs } from './engine.ts'
import { type CheckedFeed, checkFeeds } from './feeds.ts'
import { repeatLoaded } from './repeat.ts'
import { tf } from './tf.ts'

export function createCpuEngine(): Engine {
  return {
    name: 'cpu',
    device: 'cpu, plain JavaScript',
    stepsPerCall: 1,
    async load(program, { constants = {}, repeat } = {}) {
      const loaded: LoadedProgram = {
        async run(feeds) {
          tf.setBackend('cpu')
          return tf.engine().tidy(() => {
            const given = checkFeeds(program.inputs, { ...feeds, ...constants }).map(
              (feed) => [feed.spec.name, asTensor(feed)] as const
            )
            const results = program.build(Object.fromEntries(given))
            const values: Outputs = {}
            for (const name of program.outputs) {
              const tensor = results[name]
              invariant(tensor, `program ${program.name} returned no ${name}`)
              // A copy: an untouched input's own array would otherwise be handed out.
              values[name] = Float32Array.from(tensor.dataSync())
            }
            // A program may have kept tensors alive across the end of its gradients.
            tf.dispose({ ...results })
            return values as never
          }) as unknown as Outputs
        },
        async dispose() {}
      }
      return repeat ? repeatLoaded(loaded, program, repeat) : loaded
    }
  }
}

const asTensor = ({ spec, values, shape }: CheckedFeed): tf.Tensor =>
  tf.tensor(
    spec.dtype === 'uint8' ? Int32Array.from(values) : values.slice(),
    shape,
    spec.dtype === 'float32' ? 'float32' : 'int32'
  )
