/** Numbers that are read when they are asked for. */
import { Gauge, type Registry } from 'prom-client'

export interface Reading {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

export interface GaugeSource {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** Nothing where nothing true can be told: the series is absent then, which an alert can see. */
  readonly read: () => Promise<readonly Reading[]> | readonly Reading[]
}

export function addGauge(registry: Registry, { name, help, labelNames = [], read }: GaugeSource): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    async collect() {
      const readings = await read()
      this.reset()
      // Without labels a reset is a 0.
      if (labelNames.length === 0) this.remove()
      for (const { labels = {}, value } of readings) this.set({ ...labels }, value)
    }
  })
}
