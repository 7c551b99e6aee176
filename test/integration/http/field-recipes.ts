/** Requests for runs in which every field has a value of its own: what a run, a fork and the trials of a sweep may be asked for. */

import { presentRecipe } from '../../../src/http/schemas/recipe.ts'
import { resolveRecipe } from '../../../src/recipe/presets.ts'

export interface NamedThings {
  readonly dataset: string
  readonly queries: string
  readonly model: string
  readonly checkpoint: string
}

interface WireRecipe {
  readonly method: string
  readonly arch: string
  readonly patch_size: number
  readonly hyperparameters: Readonly<Record<string, unknown>>
}

/** With iBOT and every group that may be beside it, at 20 epochs, so that no length is at its end. */
export function fullRecipe(): WireRecipe {
  const demo = resolveRecipe({ preset: 'demo', method: 'ibot-vmf', hyperparameters: { epochs: 20 } })
  const { method, arch, patch_size, hyperparameters } = presentRecipe(demo) as unknown as WireRecipe
  // True is for methods without vMF; it is asked for beside them.
  const { normalize_last_layer: _, ibot, ...rest } = hyperparameters
  return {
    method,
    arch,
    patch_size,
    hyperparameters: {
      ...rest,
      decay_prototype_norms: true,
      koleo: { features: 0.1, prototypes: 0.1 },
      em: { rate: 0.02, pull: 0.5, kappa: 'gradient' },
      gram: { weight: 2, anchor: 'teacher' },
      nested: [0.5],
      positions: 'learned',
      feed_forward: 'gelu',
      registers: 2,
      bits: 12,
      ibot: { ...(ibot as object), patch_prototypes: 64 }
    }
  }
}

/** Of a run, or of a project for those of its runs that say nothing. */
export const RETENTION = {
  keep_last: 2,
  keep_every_epochs: 5,
  keep_best: { metric: 'loss', direction: 'minimize', count: 2 }
}

/** What is about a run and not its recipe. */
export const wishes = ({ dataset, queries }: NamedThings) => ({
  compute: { device: 'any', devices: 1, max_runtime_s: 1000, priority: 1 },
  checkpoint: { every_s: 60, ...RETENTION },
  alarms: [{ rule: 'collapse', action: 'notify' }],
  evaluation: {
    dataset,
    queries,
    protocols: ['retrieval', 'knn', 'few_shot'],
    settings: { k: [5], draws: 3, dimensions: 8, seed: 1 },
    every_epochs: 2
  },
  metadata: { team: 'x' }
})

/** Of what trains on features: it is not measured on the way. */
export const trainedEvaluation = ({ dataset, queries }: NamedThings) => ({
  evaluation: { dataset, queries, protocols: ['linear', 'finetune'], settings: { epochs: 3, rates: [0.001, 0.01] } }
})

const plainRecipe = {
  method: 'dino',
  preset: 'demo',
  seed: 1,
  hyperparameters: { normalize_last_layer: true, accumulation_steps: 2 }
}

/** Of each field the first of them is tried that has it. */
export function runForms(named: NamedThings): readonly object[] {
  const { dataset, model, checkpoint } = named
  const full = fullRecipe()
  const { gram: _, ...besideGram } = full.hyperparameters
  return [
    { name: 'plain', dataset, ...plainRecipe, ...wishes(named) },
    // Colours that are chosen, and not named, follow.
    { dataset, hyperparameters: { channels: 1 } },
    { dataset, preset: 'demo', ...full, hyperparameters: besideGram },
    { dataset, preset: 'demo', ...trainedEvaluation(named) },
    { dataset, init: { model, head: 'seeded' }, hyperparameters: { gram: { weight: 2, anchor: 'start' } } },
    { dataset, init: { checkpoint } }
  ]
}

/** Values that are right where the next one of the schema is not, by the ends of pointers. */
export const OTHER_VALUES: Readonly<Record<string, unknown>> = {
  '/preset': 'mu',
  '/checkpoint/keep_best/metric': 'grad_norm',
  '/arch': 'vit_tiny',
  '/patch_size': 14,
  '/method': 'ibot',
  '/accumulation_steps': 4,
  '/compute/device': 'gpu',
  '/compute/devices': 2,
  '/crops/global/size': 35,
  '/crops/local/size': 21,
  '/hyperparameters/channels': 3,
  '/protocols/0': 'logistic'
}
