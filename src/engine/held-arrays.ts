/** State and steps for engines that compute on arrays: a held state is a record of arrays, and a step replaces what it moves. */
import { invariant } from '../base/errors.ts'
import type { Engine, HeldState, Outputs, SteppingProgram } from './engine.ts'
import { checkFeeds } from './feeds.ts'
import type { Values } from './tensor-spec.ts'

type Arrays = Record<string, Values>
type OnArrays = Pick<Engine, 'devices' | 'mostDevices' | 'fuses' | 'load' | 'loadStepping' | 'hold' | 'dispose'>

/** What an engine on arrays is besides its names, made of how it runs a program once. */
export function createOnArrays(load: Engine['load']): OnArrays {
  const states = new WeakMap<HeldState, Arrays>()

  function arraysOf(state: HeldState): Arrays {
    const arrays = states.get(state)
    invariant(arrays, 'a held state is of the engine that steps, and not disposed of')
    return arrays
  }

  return {
    devices: 1,
    mostDevices: 1,
    fuses: false,
    load,
    async loadStepping(program, { held, commitIf, ...options }) {
      const loaded = await load(program, options)
      const moved = program.outputs.filter((name) => held.includes(name))
      const given = program.outputs.filter((name) => !held.includes(name))
      const stepping: SteppingProgram = {
        async step(state, feeds) {
          const arrays = arraysOf(state)
          invariant(feeds.length === 1, `one device takes one device's feeds, not ${feeds.length}`)
          const outputs = await loaded.run({ ...feeds[0], ...taken(arrays, held) })
          const commits = commitIf === undefined || outputs[commitIf]![0] !== 0
          if (commits) for (const name of moved) arrays[name] = outputs[name]!
          return [Object.fromEntries(given.map((name) => [name, outputs[name]!]))]
        },
        dispose: () => loaded.dispose()
      }
      return stepping
    },
    async hold(specs, values) {
      const arrays = Object.fromEntries(checkFeeds(specs, values).map((feed) => [feed.spec.name, feed.values.slice()]))
      const state: HeldState = {
        read: async (names) => copies(arraysOf(state), names),
        dispose: async () => void states.delete(state)
      }
      states.set(state, arrays)
      return state
    },
    async dispose() {}
  }
}

function taken(arrays: Arrays, names: readonly string[]): Arrays {
  return Object.fromEntries(names.map((name) => [name, arrayOf(arrays, name)]))
}

function copies(arrays: Arrays, names: readonly string[] = Object.keys(arrays)): Outputs {
  return Object.fromEntries(names.map((name) => [name, Float32Array.from(arrayOf(arrays, name))]))
}

function arrayOf(arrays: Arrays, name: string): Values {
  const values = arrays[name]
  invariant(values, `the held state has ${name}`)
  return values
}
