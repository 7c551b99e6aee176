/** `kappa` as its users run it, in a process of its own, each line of --json as it comes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

export interface Line {
  readonly type: string
  readonly [field: string]: unknown
}

export interface Ended {
  readonly lines: readonly Line[]
  readonly code: number | null
  readonly seconds: number
}

const CLI = resolve(import.meta.dirname, '../../src/bin/cli.ts')

/** What --max-steps and Ctrl-C end with. */
export const STOPPED = 3

export async function kappa(
  args: readonly string[],
  onLine: (line: Line, child: ChildProcess) => void = () => {}
): Promise<Ended> {
  console.log(`kappa ${args.join(' ')}`)
  const begin = performance.now()
  const child = spawn(process.execPath, [CLI, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: Line[] = []
  const ended = new Promise<number | null>((exited) => child.once('exit', exited))
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line
    lines.push(line)
    onLine(line, child)
  }
  const code = await ended
  const seconds = (performance.now() - begin) / 1000
  console.log(`  ${seconds.toFixed(1)} s, exit code ${code}, at last ${JSON.stringify(lines.at(-1))?.slice(0, 300)}`)
  return { lines, code, seconds }
}

export const metricOf = (line: Line | undefined, name: string): number | null => {
  const metrics = line?.['metrics'] as Readonly<Record<string, number>> | undefined
  return metrics?.[name] ?? null
}
