/**
 * What the teacher made of the images of a reporting window, without labels: how many directions its features use, and
 * how many prototypes win an image. Collected from what the step computes anyway; the sums are made once, at its end.
 */
import type { FloatTensor } from '../../base/safetensors.ts'
import {
  duplicatePrototypes,
  effectiveRank,
  featureSpread,
  uniquePrototypes,
  usedPrototypes
} from '../../math/collapse.ts'
import type { Network } from '../../recipe/network.ts'

/** The teacher's class tokens of a step's global crops, R rows. */
export interface TeacherViews {
  /** Of the backbone, [R, D]. */
  readonly features: Float32Array
  /** [R]: index of the most probable prototype before centering. */
  readonly assignments: Float32Array
}

/** Tensors that a checkpoint keeps so that a resumed window reports what an uninterrupted one does. */
export type HealthTensors = ReadonlyMap<string, FloatTensor>

/** The last rows of a window that features are measured on: several times the width of a small backbone. */
const FEATURE_ROWS = 1024
/** Pairs of prototypes are compared among the most used ones only, since there may be 65,536. */
const COMPARED_PROTOTYPES = 1024
/** Cosine distance below which two prototypes are one (arXiv 2510.20108). */
const SAME_PROTOTYPE = 0.025

export interface HealthWindow {
  observe(views: TeacherViews): void
  /**
   * Ends the window; the next one begins.
   * @param directions [K, p] the teacher's prototypes, of any length
   * @returns effective_rank, feature_spread, used_prototypes, unique_prototypes
   */
  close(directions: Float32Array): Record<string, number>
  tensors(): HealthTensors
}

type Sizes = Pick<Network, 'dim' | 'prototypes' | 'bottleneckDim'>

/** @param from what `tensors` gave when the run was stopped; empty at its begin */
export function createHealthWindow({ dim, prototypes, bottleneckDim }: Sizes, from: HealthTensors): HealthWindow {
  const usage = Uint32Array.from(from.get('window.usage')?.data ?? new Float32Array(prototypes))
  let features = [from.get('window.features')?.data ?? new Float32Array(0)]
  let kept = features[0]!.length

  function lastFeatures(): Float32Array {
    const all = new Float32Array(kept)
    let at = 0
    for (const part of features) {
      all.set(part, at)
      at += part.length
    }
    return all.slice(-FEATURE_ROWS * dim)
  }

  return {
    observe(views) {
      for (const prototype of views.assignments) usage[prototype]!++
      features.push(views.features)
      kept += views.features.length
      while (kept - features[0]!.length >= FEATURE_ROWS * dim) kept -= features.shift()!.length
    },
    close(directions) {
      const rows = lastFeatures()
      const used = usedPrototypes(usage)
      const metrics = {
        effective_rank: effectiveRank(rows, dim),
        ...(rows.length > dim ? { feature_spread: featureSpread(rows, dim) } : {}),
        used_prototypes: used,
        unique_prototypes: countUnique(usage, directions, bottleneckDim)
      }
      usage.fill(0)
      features = [new Float32Array(0)]
      kept = 0
      return metrics
    },
    tensors() {
      const rows = lastFeatures()
      return new Map([
        ['window.features', { shape: [rows.length / dim, dim], data: rows }],
        ['window.usage', { shape: [prototypes], data: Float32Array.from(usage) }]
      ])
    }
  }
}

/** Prototypes in use that point to different directions, of the most used ones; a tie goes to the lower index. */
function countUnique(usage: Uint32Array, directions: Float32Array, dim: number): number {
  const used = [...usage.keys()].filter((k) => usage[k]! > 0).sort((a, b) => usage[b]! - usage[a]! || a - b)
  const compared = used.slice(0, COMPARED_PROTOTYPES)
  const rows = new Float32Array(compared.length * dim)
  for (const [i, k] of compared.entries()) rows.set(directions.subarray(k * dim, (k + 1) * dim), i * dim)
  return uniquePrototypes(duplicatePrototypes(rows, dim, SAME_PROTOTYPE))
}
