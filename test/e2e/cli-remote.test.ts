/** The command line and a server, as docs/remote.md has it: images up, a run followed, its model down, vectors out. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { IMAGES_FILE, LABELS_FILE, readExample } from '../../src/demo/fashion-mnist.ts'
import { type Platform, startPlatform } from '../helpers/platform.ts'

const KAPPA = resolve(import.meta.dirname, '../../src/bin/cli.ts')
const IMAGES = 250
const PIXELS = 28 * 28
let root: string
let platform: Platform
const hooks: (() => Promise<void>)[] = []

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kappa-remote-'))
  platform = await startPlatform({ after: (hook) => void hooks.push(hook) })
  // The first 250 of the bundled images: the whole file trains for minutes.
  for (const [name, head, each] of [
    [IMAGES_FILE, 16, PIXELS],
    [LABELS_FILE, 8, 1]
  ] as const) {
    const bytes = gunzipSync(await readExample(name)).subarray(0, head + IMAGES * each)
    bytes.writeUInt32BE(IMAGES, 4)
    await writeFile(join(root, name.replace('.gz', '')), bytes)
  }
})
after(async () => {
  for (const hook of hooks) await hook()
  await rm(root, { recursive: true, force: true })
})

// biome-ignore lint/suspicious/noExplicitAny: lines of every shape
async function kappa(...words: string[]): Promise<any> {
  const env = {
    ...process.env,
    KAPPA_URL: platform.url,
    KAPPA_API_KEY: platform.adminKey,
    XDG_STATE_HOME: join(root, 'state')
  }
  const { stdout } = await promisify(execFile)(process.execPath, [KAPPA, ...words, '--json'], { env, cwd: root })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

it('uploads, trains, pulls and embeds, and the pulled model embeds alike', async () => {
  const images = IMAGES_FILE.replace('.gz', '')
  const version = await kappa('upload', images, LABELS_FILE.replace('.gz', ''), '--name', 'clothes')
  assert.deepEqual([version.status, version.images], ['ready', IMAGES])
  const model = await kappa('run', '--dataset', version.id, '--preset', 'mu', '--seed', '7', '--follow')
  assert.deepEqual([model.type, model.status], ['model', 'ready'])
  const { folder } = await kappa('pull', model.id, '--out', 'model')
  const remote = await kappa('embed', '--remote', model.id, images, '--out', 'remote.jsonl')
  const local = await kappa('embed', '--model', folder, '--images', images, '--out', 'local.jsonl')
  assert.deepEqual([remote.images, local.images], [IMAGES, IMAGES])
  const rows = async (name: string) =>
    (await readFile(join(root, name), 'utf8'))
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row))
  const [there, here] = [await rows('remote.jsonl'), await rows('local.jsonl')]
  for (const [i, { embedding }] of there.entries()) {
    const cosine = embedding.reduce((sum: number, value: number, d: number) => sum + value * here[i].embedding[d], 0)
    assert.ok(cosine > 0.9999, `image ${i}: ${cosine}`)
  }
})
