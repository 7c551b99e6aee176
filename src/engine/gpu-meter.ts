/** What NVIDIA's GPUs do while a run computes on them, asked of nvidia-smi, which comes with the driver. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface GpuMeter {
  /** By the names of protocol/metrics.ts, of all devices together; empty where nothing can be told. Never throws. */
  read(): Promise<Readonly<Record<string, number>>>
}

/** It answers within 50 ms; a driver that is not kept loaded needs seconds to wake. */
const TIME_LIMIT_MS = 5_000
const MEBIBYTE = 1024 * 1024
const QUERY = 'utilization.gpu,memory.used,power.draw'

/** @param devices how many the run computes on, the first of those that CUDA is allowed to see */
export function createGpuMeter(devices: number, timeLimitMs = TIME_LIMIT_MS): GpuMeter {
  const ids = visibleDevices(process.env['CUDA_VISIBLE_DEVICES']).slice(0, devices)
  const args = [`--id=${ids.join()}`, `--query-gpu=${QUERY}`, '--format=csv,noheader,nounits']
  let isSilent = false
  return {
    async read() {
      if (isSilent) return {}
      try {
        const options = { timeout: timeLimitMs, killSignal: 'SIGKILL' } as const
        const { stdout } = await promisify(execFile)('nvidia-smi', args, options)
        return together(stdout.trimEnd().split('\n').map(parsed))
      } catch {
        // Absent, or broken: either lasts, and one that hangs would cost every window its time limit.
        isSilent = true
        return {}
      }
    }
  }
}

/** CUDA numbers devices of one kind as nvidia-smi does; UUIDs are the same for both. */
const visibleDevices = (setting: string | undefined): string[] =>
  setting === undefined ? Array.from({ length: 64 }, (_, i) => String(i)) : setting.split(',').map((id) => id.trim())

interface Usage {
  readonly percent: number | null
  readonly mebibytes: number | null
  readonly watts: number | null
}

function parsed(line: string): Usage {
  const fields = line.split(',').map((field) => field.trim())
  const [percent, mebibytes, watts] = fields.map((field) => {
    if (/^\d+(\.\d+)?$/.test(field)) return Number(field)
    // Such as [N/A], [Not Supported] or [Insufficient Permissions]: a card without a power sensor has the rest.
    if (/^\[?[A-Z][A-Za-z/ ]+\]?$/.test(field)) return null
    throw new Error(`nvidia-smi says ${field}`)
  })
  if (fields.length !== 3) throw new Error(`nvidia-smi says ${line}`)
  return { percent: percent!, mebibytes: mebibytes!, watts: watts! }
}

/** A metric that one of the devices does not have would be wrong without it. */
function together(usages: readonly Usage[]): Record<string, number> {
  const metrics: Record<string, number> = {}
  const set = (name: string, key: keyof Usage, of: (values: readonly number[]) => number) => {
    const values = usages.map((usage) => usage[key]).filter((value) => value !== null)
    if (values.length === usages.length) metrics[name] = of(values)
  }
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  set('gpu_utilization', 'percent', (values) => sum(values) / values.length / 100)
  set('gpu_memory_bytes', 'mebibytes', (values) => Math.max(...values) * MEBIBYTE)
  set('gpu_power_watts', 'watts', sum)
  return metrics
}
