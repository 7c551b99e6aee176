/** Python's tools in an environment of their own below .cache/, made again when the list of them changes. */
import { execFile } from 'node:child_process'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const REQUIREMENTS = resolve(import.meta.dirname, 'requirements.txt')
const FOLDER = resolve(import.meta.dirname, '../../.cache/contract-python')

const read = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)

/** @returns path of a program of the environment. @throws Error where there is no Python 3 */
export async function pythonTools(): Promise<(name: string) => string> {
  const installed = join(FOLDER, 'installed.txt')
  if ((await read(installed)) !== (await read(REQUIREMENTS))) {
    await rm(FOLDER, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', FOLDER])
    await run(join(FOLDER, 'bin/pip'), ['install', '--quiet', '--requirement', REQUIREMENTS])
    await copyFile(REQUIREMENTS, installed)
  }
  return (name) => join(FOLDER, 'bin', name)
}
