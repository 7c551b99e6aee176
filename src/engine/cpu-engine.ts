import { createEagerEngine } from './eager-engine.ts'
import type { Engine } from './engine.ts'

/** Plain JavaScript: the reference that tests hold the fast engines against. Far too slow to train. */
export const createCpuEngine = (): Engine =>
  createEagerEngine({ name: 'cpu', device: 'cpu, plain JavaScript', backend: 'cpu' })
