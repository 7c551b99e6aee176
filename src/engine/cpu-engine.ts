import { createEagerEngine } from './eager-engine.ts'
import type { Engine } from './engine.ts'
import { tf } from './tf.ts'

/** Plain JavaScript: the reference that tests hold the fast engines against. Far too slow to train. */
export const createCpuEngine = (): Engine =>
  createEagerEngine({
    name: 'cpu',
    version: `@tensorflow/tfjs ${tf.version.tfjs}`,
    device: 'cpu, plain JavaScript',
    deviceKind: 'cpu',
    backend: 'cpu'
  })
