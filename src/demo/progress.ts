/** One line on a terminal that is written over; plain lines, less often, where there is none. */
import type { RunEvent } from '../client/resources.ts'

type Data = RunEvent['data']

const WIDTH = 24
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null)
const shown = (value: unknown, digits: number): string => number(value)?.toFixed(digits) ?? '–'

function duration(seconds: number | null): string {
  if (seconds === null) return '–'
  const whole = Math.max(0, Math.round(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** `data` is that of a progress event. */
export function formatProgress(data: Data, epochs: number): string {
  const share = Math.min(1, (number(data['percent']) ?? 0) / 100)
  const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')
  const metrics = (data['metrics'] ?? {}) as Data
  const kappa = `${shown(metrics['kappa_p5'], 1)}/${shown(metrics['kappa_p50'], 1)}/${shown(metrics['kappa_p95'], 1)}`
  return [
    `${bar} ${(share * 100).toFixed(0).padStart(3)} %`,
    `epoch ${shown(data['epoch'], 0)}/${epochs}`,
    `${shown(data['images_per_second'], 0)} images/s`,
    `loss ${shown(metrics['loss'], 3)}`,
    `teacher entropy ${shown(metrics['teacher_entropy'], 2)}`,
    `kappa 5/50/95 % ${kappa}`,
    `ETA ${duration(number(data['eta_s']))}`
  ].join('  ')
}

export function createProgressLine(output: NodeJS.WriteStream) {
  let lastPercent = -10
  return {
    show(data: Data, epochs: number): void {
      const line = formatProgress(data, epochs)
      if (output.isTTY) {
        output.write(`\r\x1b[2K  ${line.slice(0, Math.max(40, output.columns - 3))}`)
        return
      }
      const percent = number(data['percent']) ?? 0
      if (percent - lastPercent < 5) return
      lastPercent = percent
      output.write(`  ${line}\n`)
    },
    end(): void {
      if (output.isTTY) output.write('\n')
    }
  }
}
