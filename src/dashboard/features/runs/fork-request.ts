import type { ForkRun } from '../../../client/resources.ts'

/** What is left empty is the parent's. */
export interface ForkForm {
  readonly name: string
  readonly checkpoint: string
  readonly epochs: string
  readonly learningRate: string
  /** Other hyperparameters, as JSON. */
  readonly others: string
}

export const EMPTY_FORK: ForkForm = { name: '', checkpoint: '', epochs: '', learningRate: '', others: '' }

/** @throws Error when the other hyperparameters are no JSON object */
export function forkRequest({ name, checkpoint, epochs, learningRate, others }: ForkForm): ForkRun {
  const hyperparameters = {
    ...readOthers(others),
    ...(epochs.trim() === '' ? {} : { epochs: Number(epochs) }),
    ...(learningRate.trim() === '' ? {} : { learning_rate: Number(learningRate) })
  }
  return {
    ...(name.trim() === '' ? {} : { name: name.trim() }),
    ...(checkpoint === '' ? {} : { checkpoint }),
    ...(Object.keys(hyperparameters).length === 0 ? {} : { overrides: { hyperparameters } })
  }
}

function readOthers(text: string): object {
  if (text.trim() === '') return {}
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('must be a JSON object')
  return value
}
