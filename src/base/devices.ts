/** What is asked of devices and what a machine has of them: the words that lab and platform share. */

/** A tpu is none of the two that can be asked for, and trains what takes any. */
export const DEVICE_KINDS = ['cpu', 'gpu', 'tpu'] as const
export type DeviceKind = (typeof DEVICE_KINDS)[number]

/** `any` is whatever the machine's engine computes on. */
export const DEVICE_WISHES = ['any', 'cpu', 'gpu'] as const

export interface DeviceWish {
  readonly device: (typeof DEVICE_WISHES)[number]
  /** That share every step. */
  readonly devices: number
}

/** An engine as a machine has it, with the devices of one kind. */
export interface EngineOffer {
  readonly engine: string
  readonly version: string
  readonly device: string
  readonly kind: DeviceKind
  /** The most that one run can have. */
  readonly devices: number
  /** Of one device; null where the engine cannot tell. */
  readonly memoryBytes: number | null
  readonly precision: string
}

/** What a machine trains with. */
export interface Machine {
  readonly offers: readonly EngineOffer[]
  /** Why there is no offer, or a GPU is in none of them. */
  readonly problem: string | null
}

/** Such as `1 CPU (onnx), 4 GPUs (xla)`, with what is wrong; for the end of a sentence. */
export function machineInWords({ offers, problem }: Machine): string {
  const had = offers.map(
    ({ engine, kind, devices }) => `${devices} ${kind.toUpperCase()}${devices === 1 ? '' : 's'} (${engine})`
  )
  const words = had.length === 0 ? 'nothing that trains' : had.join(', ')
  return problem === null ? words : `${words}: ${problem}`
}

/** Those of its offers that a wish can be met with. */
export const offersFor = ({ offers }: Machine, { device, devices }: DeviceWish): readonly EngineOffer[] =>
  offers.filter((offer) => (device === 'any' || device === offer.kind) && devices <= offer.devices)

export const serves = (machine: Machine, wish: DeviceWish): boolean => offersFor(machine, wish).length > 0

const NOUNS = { any: ['device', 'devices'], cpu: ['CPU', 'CPU devices'], gpu: ['GPU', 'GPUs'] } as const

/** Such as `a GPU`, `2 GPUs`, `4 devices`. */
export function wishInWords({ device, devices }: DeviceWish): string {
  const [one, several] = NOUNS[device]
  return devices === 1 ? `a ${one}` : `${devices} ${several}`
}
