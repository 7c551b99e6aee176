/** The steps of a run's folder, read line by line: a long run has hundreds of megabytes of them. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCodeOf } from '../base/system-errors.ts'
import { METRICS_FILE } from './metrics-file.ts'

export interface StepLine {
  readonly step: number
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number | null>>
}

/** None where the folder has no file of metrics: runs of 0.2 have none. What a killed process left half written is left out. */
export async function* stepLines(folder: string): AsyncGenerator<StepLine> {
  const file = await open(join(folder, METRICS_FILE)).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw error
    return null
  })
  // Closed when its last line has been read.
  for await (const line of file?.readLines() ?? []) {
    const step = parsed(line)
    if (step !== null) yield step
  }
}

function parsed(line: string): StepLine | null {
  try {
    const value = JSON.parse(line) as StepLine
    return typeof value.step === 'number' && typeof value.metrics === 'object' ? value : null
  } catch {
    return null // half a line
  }
}
