/** Wheels through the machine's own pip, with the index, proxy and certificates that it is set up for. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../../base/errors.ts'
import { systemCodeOf } from '../../base/system-errors.ts'
import type { Wheel } from './wheels.ts'

/** What the wheels are made for; said to pip, so that it takes them whatever it runs on itself. */
const PYTHON_VERSION = '3.12'

/** `…-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl` is made for the one as well as for the other. */
const platformOf = ({ file }: Wheel): string =>
  file
    .replace(/\.whl$/, '')
    .split('-')
    .at(-1)!
    .split('.')[0]!

const argumentsOf = (wheel: Wheel, folder: string): string[] => [
  ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-input'],
  // A copy of a gigabyte in pip's cache would be of no use to anybody.
  ...['--no-cache-dir', '--no-deps', '--only-binary=:all:'],
  ...['--python-version', PYTHON_VERSION, '--platform', platformOf(wheel), '--dest', folder],
  `${wheel.name}==${wheel.version}`
]

/**
 * Takes as long as the network does; pip has time limits of its own.
 *
 * @returns the file, of which nothing is known yet
 * @throws AppError engine_unavailable when there is no pip, or it cannot bring the wheel; the signal's reason
 */
export async function downloadWheel(wheel: Wheel, folder: string, signal?: AbortSignal): Promise<string> {
  try {
    await promisify(execFile)('python3', argumentsOf(wheel, folder), signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    const message = `${wheel.name} ${wheel.version} was not brought: ${reasonOf(error)}`
    throw new AppError('engine_unavailable', { message })
  }
  return join(folder, wheel.file)
}

/** For the end of a sentence. */
function reasonOf(error: unknown): string {
  if (systemCodeOf(error) === 'ENOENT') return 'there is no python3'
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  if (/No module named pip\b/.test(output)) return 'python3 has no pip'
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const told = lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.at(-1) ?? 'it says nothing'
  return `pip says: ${told.replace(/^ERROR: /, '').replace(/\.$/, '')}`
}
