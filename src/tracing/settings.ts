/** What the environment may say of traces, as OpenTelemetry's specification names it. Apart from what needs the SDK, which is loaded for nobody else. */
export const PROTOCOLS = ['http/protobuf', 'http/json'] as const

export const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio'
] as const

export interface TraceSettings {
  /** Where a collector takes spans; null: none are recorded. */
  readonly url: string | null
  readonly protocol: (typeof PROTOCOLS)[number]
  readonly sampler: (typeof SAMPLERS)[number]
  /** Of samplers that take a share of all traces. */
  readonly samplerRatio: number
  /** The flag of a caller's `traceparent` decides what is recorded, as the parentbased samplers have it. */
  readonly trustsCallers: boolean
}
