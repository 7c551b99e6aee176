// Removes from node_modules what no image of this platform runs: ONNX Runtime for other systems, the Node that npm ci brings
// beside the project (the image has one), source maps, types and browser bundles. 241 MiB stay.
import { existsSync, globSync, lstatSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = process.argv[2]
if (root === undefined || !existsSync(root)) {
  process.stderr.write('usage: node prune.mjs NODE_MODULES\n')
  process.exit(2)
}

/** Not `*.js` of dist: Node loads those. */
const PATTERNS = [
  'node-linux-*',
  'node-bin-*',
  '.bin/node',
  '**/*.{map,d.ts,d.mts,d.cts}',
  '@tensorflow/tfjs-backend-webgl/{dist,src}/**/*_test.js',
  '@tensorflow/*/dist/*.{min,fesm,es2017,es2017.min,fesm.min}.js'
]
const ORT = 'onnxruntime-node/bin/napi-v6'

const isOtherPlatform = (path) => path !== join(ORT, process.platform, process.arch)
const others = globSync(`${ORT}/*/*`, { cwd: root }).filter(isOtherPlatform)
if (!existsSync(join(root, ORT, process.platform, process.arch))) {
  process.stderr.write(`ONNX Runtime has nothing for ${process.platform} ${process.arch}\n`)
  process.exit(1)
}
const found = [...others, ...globSync(PATTERNS, { cwd: root })]
for (const path of found) {
  if (lstatSync(join(root, path), { throwIfNoEntry: false })) rmSync(join(root, path), { recursive: true })
}
process.stdout.write(`${found.length} files and folders removed\n`)
