/** Metrics that the run page draws. */
export const METRIC_KEYS = [
  'loss',
  'loss_over_ln_k',
  'teacher_entropy',
  'mean_assignment_entropy',
  'kl',
  'top_assignment',
  'cls_loss',
  'patch_loss',
  'patch_teacher_entropy',
  'patch_mean_assignment_entropy',
  'learning_rate',
  'weight_decay',
  'teacher_momentum',
  'teacher_temperature',
  'grad_norm',
  'images_per_second',
  'data_wait_share',
  'kappa_p0',
  'kappa_p5',
  'kappa_p50',
  'kappa_p95',
  'kappa_p100',
  'effective_rank',
  'feature_spread',
  'used_prototypes',
  'unique_prototypes'
] as const

export type MetricKey = (typeof METRIC_KEYS)[number]
