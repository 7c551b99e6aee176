/** How fast an engine multiplies matrices, measured. */
import type { Engine } from './engine.ts'
import type { Program } from './program.ts'
import { tf } from './tf.ts'

export interface ProductRate {
  readonly gigaflops: number
  /** Rows and columns of the matrices. */
  readonly size: number
}

export interface ProductOptions {
  /** 2048 where it takes milliseconds; plain JavaScript would need minutes. */
  readonly size: number
  /** In one call: many where a product takes less than the call. */
  readonly products: number
}

const RUNS = 5

function productProgram({ size, products }: ProductOptions): Program {
  const shape = [size, size]
  return {
    name: 'square-product',
    inputs: [
      { name: 'a', shape, dtype: 'float32' },
      { name: 'b', shape, dtype: 'float32' }
    ],
    // What is held stays where it is, and one number comes back: products are timed and not copies.
    outputs: ['largest', 'a'],
    build({ a, b }) {
      let product = a as tf.Tensor2D
      for (let i = 0; i < products; i++) product = tf.matMul(product, b as tf.Tensor2D)
      return { a: product, largest: tf.max(product) }
    }
  }
}

/** As good as random, and of a variance that many products in a row leave as it is: nothing overflows and nothing vanishes. */
const values = (size: number): Float32Array =>
  Float32Array.from({ length: size * size }, (_, i) => {
    const noise = Math.sin(i * 12.9898) * 43_758.5453
    return (noise - Math.floor(noise) - 0.5) * Math.sqrt(12 / size)
  })

/** The best of a few runs: other processes only ever make it slower. */
export async function measureProducts(engine: Engine, options: ProductOptions): Promise<ProductRate> {
  const { size, products } = options
  const program = productProgram(options)
  const held = ['a', 'b']
  const stepping = await engine.loadStepping(program, { mayRound: true, held })
  let fastest = Number.POSITIVE_INFINITY
  try {
    const state = await engine.hold(program.inputs, { a: values(size), b: values(size) })
    try {
      for (let run = 0; run < RUNS; run++) {
        const start = performance.now()
        await stepping.step(state, [{}])
        fastest = Math.min(fastest, performance.now() - start)
      }
    } finally {
      await state.dispose()
    }
  } finally {
    await stepping.dispose()
  }
  return { gigaflops: (2 * products * size ** 3) / (fastest * 1e6), size }
}
