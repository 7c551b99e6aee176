/** `metrics.jsonl` of a run's folder: a line for every step, and none twice, however often the run was stopped. */
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { keysToSnake } from '../base/casing.ts'
import { systemCodeOf, writing } from '../base/system-errors.ts'
import type { StepEvent } from '../protocol/training-events.ts'

export const METRICS_FILE = 'metrics.jsonl'

/** Where the steps of a run are kept. */
export interface StepLog {
  add(event: StepEvent): Promise<void>
  close(): Promise<void>
}

/** The step of a line; what a killed process left half written has none. */
function stepOf(line: string): number | null {
  try {
    const { step } = JSON.parse(line) as { readonly step?: unknown }
    return typeof step === 'number' ? step : null
  } catch {
    return null // half a line
  }
}

/** The lines of `path` up to a step, written to `draft`. No file is none of them: runs of 0.2 have none. */
async function copyUpTo(path: string, draft: string, last: number): Promise<void> {
  const file = await open(draft, 'w')
  try {
    const source = await open(path).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'ENOENT') throw error
      return null
    })
    if (source === null) return
    // Closed when its last line has been read.
    for await (const line of source.readLines()) {
      const step = stepOf(line)
      if (step !== null && step <= last) await file.writeFile(`${line}\n`)
    }
  } finally {
    await file.close()
  }
}

/** @param last step of the checkpoint that the run goes on from: what was written behind it comes again */
export async function openMetricsFile(folder: string, last: number): Promise<StepLog> {
  const [path, draft] = [join(folder, METRICS_FILE), join(folder, `${METRICS_FILE}.partial`)]
  await rm(draft, { force: true })
  await writing(copyUpTo(path, draft, last))
  await rename(draft, path)
  const file = await open(path, 'a')
  return {
    add: (event) => writing(file.appendFile(`${JSON.stringify(keysToSnake(event))}\n`)),
    close: () => file.close()
  }
}
