import type { Run } from '../../../client/resources.ts'

type Trained = Pick<Run, 'engine' | 'compute'>

export const engineText = ({ engine }: Trained): string =>
  engine === null ? 'not chosen yet' : `${engine.name} on ${engine.device}`

/** What the run has; until it starts, what it asks for. */
export const devicesText = ({ engine, compute }: Trained): string =>
  engine === null
    ? `asks for ${compute.devices} × ${compute.device}`
    : `${engine.devices} × ${engine.device_kind}, ${engine.precision}`
