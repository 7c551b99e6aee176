/**
 * Every metric that a trainer reports, by name: the one list. docs/metrics.md, the run page's charts and the keys of
 * `GET /v1/runs/{run}/metrics` are held to it by tests, and so is what a real run reports.
 */

import { isEvaluationMetric } from '../base/evaluation.ts'

/**
 * `step`: in every step. `window`: once in 50 steps, and at the end of an epoch. `usage`: with a step, every ten seconds, read by who watches
 * the trainer and not said by it: of a run on the platform only, and another for every repetition of it.
 */
export type MetricOccasion = 'step' | 'window' | 'usage'

export interface Metric {
  readonly name: string
  readonly unit: 'nats' | 'share' | 'count' | 'norm' | 'rate' | 'number' | 'bytes' | 'bytes/s' | 'watts'
  readonly occasion: MetricOccasion
  /**
   * What a run needs to have it: masked patches, a KoLeo term, nested dimensions, Gram anchoring, gradients scaled for float16; an engine that counts a device's
   * memory, or a GPU that NVIDIA's driver tells of; a /proc to read. All have it without.
   */
  readonly only?:
    | 'masks'
    | 'koleo.features'
    | 'koleo.prototypes'
    | 'nested'
    | 'gram'
    | 'masks or nested'
    | 'float16'
    | 'device memory'
    | 'NVIDIA GPU'
    | 'Linux'
  readonly means: string
}

const kappa = (percent: number, means: string): Metric => ({
  name: `kappa_p${percent}`,
  unit: 'number',
  occasion: 'window',
  means
})

const usage = (name: string, unit: Metric['unit'], means: string): Metric => ({
  name: `system/${name}`,
  unit,
  occasion: 'usage',
  only: 'Linux',
  means
})

export const METRICS: readonly Metric[] = [
  { name: 'loss', unit: 'nats', occasion: 'step', means: 'what the step lowers: all terms with their weights' },
  {
    name: 'loss_over_ln_k',
    unit: 'share',
    occasion: 'step',
    means: 'loss of the class tokens over ln K: 1 is what uniform assignments cost'
  },
  { name: 'teacher_entropy', unit: 'nats', occasion: 'step', means: "mean entropy of the teacher's assignments" },
  { name: 'student_entropy', unit: 'nats', occasion: 'step', means: "mean entropy of the student's assignments" },
  { name: 'kl', unit: 'nats', occasion: 'step', means: 'loss of the class tokens less teacher_entropy' },
  {
    name: 'mean_assignment_entropy',
    unit: 'nats',
    occasion: 'step',
    means: "entropy of the batch's mean assignment: ln K where all prototypes are used alike"
  },
  { name: 'top_assignment', unit: 'share', occasion: 'step', means: 'largest share that one prototype has of a batch' },
  { name: 'learning_rate', unit: 'rate', occasion: 'step', means: 'of AdamW, from the schedule' },
  { name: 'weight_decay', unit: 'rate', occasion: 'step', means: 'of AdamW, from the schedule' },
  { name: 'teacher_momentum', unit: 'share', occasion: 'step', means: 'of the moving average that the teacher is' },
  { name: 'teacher_temperature', unit: 'number', occasion: 'step', means: 'τ of the class tokens, from the schedule' },
  { name: 'grad_norm', unit: 'norm', occasion: 'step', means: 'of all gradients together, before clipping' },
  { name: 'center_norm', unit: 'norm', occasion: 'step', means: "of the class tokens' center before the step" },
  {
    name: 'images_per_second',
    unit: 'rate',
    occasion: 'step',
    means: 'batch over the time of the step, waiting included'
  },
  { name: 'data_wait_share', unit: 'share', occasion: 'step', means: "of the step's time, spent waiting for crops" },
  {
    name: 'skipped',
    unit: 'count',
    occasion: 'step',
    only: 'float16',
    means: '1 where gradients overflowed and nothing moved'
  },
  {
    name: 'koleo_features',
    unit: 'number',
    occasion: 'step',
    only: 'koleo.features',
    means: 'KoLeo of the features, before its weight'
  },
  {
    name: 'koleo_prototypes',
    unit: 'number',
    occasion: 'step',
    only: 'koleo.prototypes',
    means: 'KoLeo of the prototypes, before its weight'
  },
  {
    name: 'cls_loss',
    unit: 'nats',
    occasion: 'step',
    only: 'masks or nested',
    means: 'loss of the class tokens, from all dimensions'
  },
  {
    name: 'nested_loss',
    unit: 'nats',
    occasion: 'step',
    only: 'nested',
    means: 'mean loss of the class tokens from their first dimensions alone'
  },
  {
    name: 'gram_loss',
    unit: 'number',
    occasion: 'step',
    only: 'gram',
    means: "mean squared distance of patches' cosines from the anchor's, before its weight"
  },
  { name: 'patch_loss', unit: 'nats', occasion: 'step', only: 'masks', means: 'loss of the hidden patches' },
  {
    name: 'patch_teacher_entropy',
    unit: 'nats',
    occasion: 'step',
    only: 'masks',
    means: "mean entropy of the teacher's assignments of hidden patches"
  },
  { name: 'patch_kl', unit: 'nats', occasion: 'step', only: 'masks', means: 'loss of a hidden patch less its entropy' },
  {
    name: 'patch_mean_assignment_entropy',
    unit: 'nats',
    occasion: 'step',
    only: 'masks',
    means: 'entropy of the mean assignment of hidden patches'
  },
  {
    name: 'patch_center_norm',
    unit: 'norm',
    occasion: 'step',
    only: 'masks',
    means: "of the patches' center before the step"
  },
  { name: 'patch_teacher_temperature', unit: 'number', occasion: 'step', only: 'masks', means: 'τ of the patches' },
  {
    name: 'masked_share',
    unit: 'share',
    occasion: 'step',
    only: 'masks',
    means: 'of the crops that may have a mask, those that have one'
  },
  kappa(0, 'smallest ‖w‖/τ of the prototypes'),
  kappa(5, '5th percentile of ‖w‖/τ'),
  kappa(25, 'lower quartile of ‖w‖/τ'),
  kappa(50, 'median of ‖w‖/τ'),
  kappa(75, 'upper quartile of ‖w‖/τ'),
  kappa(95, '95th percentile of ‖w‖/τ'),
  kappa(100, 'largest ‖w‖/τ'),
  {
    name: 'effective_rank',
    unit: 'number',
    occasion: 'window',
    means: "RankMe of the teacher's features: exp of the entropy of their normalized singular values"
  },
  {
    name: 'feature_spread',
    unit: 'number',
    occasion: 'window',
    means: "√D × mean standard deviation of the teacher's unit features: 1 when isotropic, 0 when all images are alike"
  },
  {
    name: 'used_prototypes',
    unit: 'count',
    occasion: 'window',
    means: 'prototypes that are the likeliest of an image'
  },
  {
    name: 'unique_prototypes',
    unit: 'count',
    occasion: 'window',
    means: 'of the 1,024 most used, those that repeat no other (cosine distance 0.025)'
  },
  {
    name: 'device_memory_peak_bytes',
    unit: 'bytes',
    occasion: 'window',
    only: 'device memory',
    means: 'most that the engine has held at once on a device since the process began'
  },
  {
    name: 'gpu_utilization',
    unit: 'share',
    occasion: 'window',
    only: 'NVIDIA GPU',
    means: 'of the last moment before, in which a kernel ran; the mean of the devices'
  },
  {
    name: 'gpu_memory_bytes',
    unit: 'bytes',
    occasion: 'window',
    only: 'NVIDIA GPU',
    means: 'in use by all processes, on the fullest of the devices'
  },
  {
    name: 'gpu_power_watts',
    unit: 'watts',
    occasion: 'window',
    only: 'NVIDIA GPU',
    means: 'drawn by the devices together'
  },
  usage('cpu_share', 'share', 'of the processors that it may use, taken by the trainer with its loaders'),
  usage('machine_cpu_share', 'share', 'of all processors of the machine, taken by everybody'),
  usage('memory_bytes', 'bytes', 'resident, of the trainer with its loaders'),
  usage('memory_peak_bytes', 'bytes', 'most that was resident at once since the trainer began'),
  usage(
    'memory_available_bytes',
    'bytes',
    'that may still be taken: on the machine, or below the limit of the container'
  ),
  usage('read_bytes_per_second', 'bytes/s', 'by the trainer from disks; what the page cache has costs none'),
  usage('written_bytes_per_second', 'bytes/s', 'by the trainer to disks: its checkpoints')
]

export const METRIC_NAMES: ReadonlySet<string> = new Set(METRICS.map(({ name }) => name))

/** Stands for all that an evaluation has measured of checkpoints and model. */
export const ALL_OF_EVALUATIONS = 'eval/*'

/** Stands for all of the occasion `usage`. */
const ALL_OF_SYSTEM = 'system/*'

/** What may be asked for of a run: a trainer reports the names, evaluations add theirs. */
export const isMetric = (key: string): boolean =>
  isOneMetric(key) || key === ALL_OF_EVALUATIONS || key === ALL_OF_SYSTEM

export const isOneMetric = (key: string): boolean => METRIC_NAMES.has(key) || isEvaluationMetric(key)

/** How busy a machine was says nothing of what was learned: no checkpoint and no trial is the better for it. */
export const canJudge = (key: string): boolean => isOneMetric(key) && !key.startsWith('system/')
