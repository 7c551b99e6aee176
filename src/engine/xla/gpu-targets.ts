/** GPUs that programs can be compiled for without one, as XLA describes them (`stream_executor.GpuTargetConfigProto`). */
import type { NamedValues } from './named-values.ts'

interface GpuTarget {
  /** As the driver calls it. */
  readonly name: string
  readonly capability: readonly [major: number, minor: number]
  readonly cores: number
  readonly fpusPerCore: number
  readonly threadsPerCore: number
  readonly sharedBytesPerCore: number
  readonly sharedBytesPerBlock: number
  readonly cacheBytes: number
  readonly memoryBytes: number
  readonly bytesPerSecond: number
  readonly gigahertz: number
}

/** Of XLA's own descriptions; the L4, which it has none of, is from NVIDIA's data sheet. */
const TARGETS = {
  h100: {
    name: 'NVIDIA H100 80GB HBM3',
    capability: [9, 0],
    cores: 132,
    fpusPerCore: 128,
    threadsPerCore: 2048,
    sharedBytesPerCore: 233_472,
    sharedBytesPerBlock: 232_448,
    cacheBytes: 52_428_800,
    memoryBytes: 84_942_979_072,
    bytesPerSecond: 3_352_320_000_000,
    gigahertz: 1.98
  },
  a100: {
    name: 'NVIDIA A100-SXM4-80GB',
    capability: [8, 0],
    cores: 108,
    fpusPerCore: 64,
    threadsPerCore: 2048,
    sharedBytesPerCore: 167_936,
    sharedBytesPerBlock: 166_912,
    cacheBytes: 41_943_040,
    memoryBytes: 85_100_068_864,
    bytesPerSecond: 2_039_040_000_000,
    gigahertz: 1.41
  },
  l4: {
    name: 'NVIDIA L4',
    capability: [8, 9],
    cores: 58,
    fpusPerCore: 128,
    threadsPerCore: 1536,
    sharedBytesPerCore: 102_400,
    sharedBytesPerBlock: 101_376,
    cacheBytes: 50_331_648,
    memoryBytes: 24_000_000_000,
    bytesPerSecond: 300_000_000_000,
    gigahertz: 2.04
  }
} as const satisfies Record<string, GpuTarget>

export type GpuTargetName = keyof typeof TARGETS
export const GPU_TARGET_NAMES = Object.keys(TARGETS) as GpuTargetName[]

/** Of one GPU, as its driver tells it. */
export const targetMemoryBytes = (name: GpuTargetName): number => TARGETS[name].memoryBytes

/** What a topology of so many of these GPUs in one machine is created from. */
export const topologyOptions = (name: GpuTargetName, replicas: number): NamedValues => ({
  target_config: describe(TARGETS[name]),
  topology: `1x1x${replicas}`
})

/** What is the same for all of them is said once; the versions are those that the plugin was built for. */
function describe(gpu: GpuTarget): string {
  const [major, minor] = gpu.capability
  return `
    gpu_device_info {
      threads_per_block_limit: 1024
      threads_per_warp: 32
      shared_memory_per_block: 49152
      shared_memory_per_core: ${gpu.sharedBytesPerCore}
      shared_memory_per_block_optin: ${gpu.sharedBytesPerBlock}
      threads_per_core_limit: ${gpu.threadsPerCore}
      core_count: ${gpu.cores}
      fpus_per_core: ${gpu.fpusPerCore}
      block_dim_limit_x: 2147483647
      block_dim_limit_y: 65535
      block_dim_limit_z: 65535
      registers_per_core_limit: 65536
      registers_per_block_limit: 65536
      memory_bandwidth: ${gpu.bytesPerSecond}
      l2_cache_size: ${gpu.cacheBytes}
      clock_rate_ghz: ${gpu.gigahertz}
      device_memory_size: ${gpu.memoryBytes}
      cuda_compute_capability { major: ${major} minor: ${minor} }
    }
    platform_name: "CUDA"
    dnn_version_info { major: 9 minor: 7 }
    runtime_version { major: 13 }
    device_description_str: "${gpu.name}"
  `
}
