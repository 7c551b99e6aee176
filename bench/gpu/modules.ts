/** Copies what the lab needs of node_modules on Linux x64, without what only people and other machines read: modules.ts FOLDER. */

import { existsSync } from 'node:fs'
import { cp, readdir, readFile } from 'node:fs/promises'
import { basename, extname, join, relative, resolve } from 'node:path'

const MODULES = resolve(import.meta.dirname, '../../node_modules')
const ROOTS = [
  '@tensorflow/tfjs',
  'koffi',
  '@koromix/koffi-linux-x64',
  'onnxruntime-node',
  'onnx-proto',
  'protobufjs',
  'sharp',
  '@img/sharp-linux-x64',
  '@img/sharp-libvips-linux-x64',
  'tar-stream',
  'typebox',
  'yauzl'
]
/** Of command-line tools, browsers and installers, which packages ask for and Node never loads. */
const UNUSED = new Set(['core-js', 'yargs', 'regenerator-runtime', 'argparse', 'chalk', 'global-agent', 'adm-zip'])
const KINDS = new Set(['.js', '.cjs', '.mjs', '.json', '.node', '.proto', '.wasm'])
const FOLDERS = /(^|\/)(docs?|tests?|examples?|benchmarks?)\//

/** Of some packages only these files are loaded, and the others are most of them. */
const ONLY: Readonly<Record<string, RegExp>> = {
  tfjs: /^dist\/tf\.node\.js$/,
  'tfjs-backend-cpu': /\.node\.js$/,
  'tfjs-backend-webgl': /\.node\.js$/,
  'tfjs-converter': /\.node\.js$/,
  'tfjs-core': /\.node\.js$/,
  'tfjs-data': /\.node\.js$/,
  'tfjs-layers': /\.node\.js$/,
  'onnxruntime-node': /^(dist\/.*\.js|bin\/napi-v6\/linux\/x64\/.*)$/,
  'onnxruntime-common': /^dist\/cjs\/.*\.(js|json)$/,
  typebox: /^build\/.*\.mjs$/,
  protobufjs: /^((src|ext)\/.*|[^/]*\.js(on)?)$/,
  koffi: /\.c?js$/
}

function isWanted(name: string, path: string): boolean {
  if (/^(package\.json|licen[cs]e.*)$/i.test(path)) return true
  const only = ONLY[basename(name)]
  if (only) return only.test(path)
  return !FOLDERS.test(path) && (KINDS.has(extname(path)) || /\.so(\.[\d.]+)?$/.test(path))
}

async function copyPackage(name: string, target: string): Promise<void> {
  const from = join(MODULES, name)
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = relative(from, join(entry.parentPath, entry.name))
    if (entry.isFile() && isWanted(name, path)) await cp(join(from, path), join(target, name, path))
  }
}

/** The packages and, as npm lays them out flat, what they depend on. */
async function allOf(roots: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  const waiting = [...roots]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name) || UNUSED.has(name) || !existsSync(join(MODULES, name))) continue
    found.add(name)
    const { dependencies = {} } = JSON.parse(await readFile(join(MODULES, name, 'package.json'), 'utf8'))
    waiting.push(...Object.keys(dependencies))
  }
  return found
}

const target = resolve(process.argv[2]!)
for (const name of await allOf(ROOTS)) await copyPackage(name, target)
