import type { Worker } from '../../../client/resources.ts'
import { formatBytes } from '../../format.ts'

/** `xla on 2 × gpu: NVIDIA H100, 80 GB each, bfloat16, xla 0.9`. */
export function offerInWords(offer: Worker['offers'][number]): string {
  const { engine, version, device, device_kind: kind, devices, memory_bytes: memory, precision } = offer
  const room = memory === null ? [] : [`${formatBytes(memory)}${devices === 1 ? '' : ' each'}`]
  return `${engine} on ${devices} × ${kind}: ${[device, ...room, precision, version].join(', ')}`
}
