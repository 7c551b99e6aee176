/** Metrics that the run page draws of training, and that runs are compared by. */
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
  'nested_loss',
  'gram_loss',
  'koleo_features',
  'koleo_prototypes',
  'learning_rate',
  'weight_decay',
  'teacher_momentum',
  'teacher_temperature',
  'grad_norm',
  'images_per_second',
  'data_wait_share',
  'device_memory_peak_bytes',
  'gpu_utilization',
  'gpu_memory_bytes',
  'gpu_power_watts',
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

/** What is read of the machine, for the run page alone: two runs that were on other machines are not to be compared by it. */
export const SYSTEM_KEYS = [
  'system/cpu_share',
  'system/machine_cpu_share',
  'system/memory_bytes',
  'system/memory_peak_bytes',
  'system/memory_available_bytes',
  'system/read_bytes_per_second',
  'system/written_bytes_per_second'
] as const

export type MetricKey = (typeof METRIC_KEYS)[number] | (typeof SYSTEM_KEYS)[number]
