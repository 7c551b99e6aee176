/** A table with a row a step: pandas reads it, and lines of docs/cli.md log it with trackio or wandb. */
import { open, rename } from 'node:fs/promises'
import { writing } from '../../base/system-errors.ts'
import type { MetricSource } from './source.ts'

/** Rows written at once. */
const ROWS = 1000

/** Empty where a step does not have a metric, or has it and it is no finite number. @returns rows */
export async function exportToCsv(source: MetricSource, path: string): Promise<number> {
  const names = new Set<string>()
  for await (const { metrics } of source.steps()) for (const name of Object.keys(metrics)) names.add(name)
  const columns = [...names].sort()
  const draft = `${path}.partial`
  const file = await open(draft, 'w')
  let count = 0
  try {
    let rows = [['step', ...columns.map(nameCell)].join()]
    const flush = async () => {
      await writing(file.appendFile(`${rows.join('\n')}\n`))
      rows = []
    }
    for await (const { step, metrics } of source.steps()) {
      rows.push([step, ...columns.map((name) => numberCell(metrics[name]))].join())
      count += 1
      if (rows.length >= ROWS) await flush()
    }
    if (rows.length > 0) await flush()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  return count
}

/**
 * A server's word for a metric: one with a comma would move every column behind it, and one that begins like a formula is computed by
 * the spreadsheet that opens the table, with what its author wants to know.
 */
function nameCell(name: string): string {
  const text = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Nothing else is of use in a curve, whatever a file or a server has there. */
const numberCell = (value: unknown): number | '' => (typeof value === 'number' && Number.isFinite(value) ? value : '')
