import type { KeptTraining, TrainingKeeper } from '../../../src/probing/kept-training.ts'

/** Everything that a training keeps, if it keeps whatever it may. */
export async function keptOf(train: (keeper: TrainingKeeper) => Promise<unknown>): Promise<KeptTraining[]> {
  const all: KeptTraining[] = []
  await train({ found: null, keep: async (place, read) => void all.push({ place, ...(await read()) }) })
  return all
}
