/** The dashboard is the one part that is built. `npm start` builds it when it is missing or older than its sources. */
import { spawn } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

const SRC = resolve(import.meta.dirname, '..')
const DASHBOARD = join(SRC, 'dashboard')
export const DASHBOARD_FOLDER = join(DASHBOARD, 'dist')

/** Folders of src/ that are built into it. */
export const DASHBOARD_SOURCES = ['dashboard', 'client'] as const

async function newestIn(folder: string): Promise<number> {
  let newest = 0
  for (const entry of await readdir(join(SRC, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.startsWith(DASHBOARD_FOLDER)) continue
    newest = Math.max(newest, (await stat(path)).mtimeMs)
  }
  return newest
}

const newestSource = async (): Promise<number> => Math.max(...(await Promise.all(DASHBOARD_SOURCES.map(newestIn))))

const builtAt = (): Promise<number> =>
  stat(join(DASHBOARD_FOLDER, 'index.html')).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0
  )

/** Runs Vite, a development dependency: an installation without those ships `dist` ready made. */
export async function buildDashboard(): Promise<'fresh' | 'built'> {
  if ((await builtAt()) > (await newestSource())) return 'fresh'
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')
  const args = [vite, 'build', '--config', join(DASHBOARD, 'vite.config.ts'), '--logLevel', 'error']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let printed = ''
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', fail)
    child.once('exit', done)
  })
  if (code !== 0) throw new Error(`The dashboard could not be built.\n${printed}`)
  return 'built'
}
