/**
 * One host of several: exchanges what devices there are through the callbacks, step by step as XLA's clients do
 * (xla/pjrt/distributed/topology_util.cc), and prints what it learned.
 */
import { createFolderStore } from '../../../../src/engine/xla/folder-store.ts'
import { openKeyValueCallbacks } from '../../../../src/engine/xla/key-value-callbacks.ts'
import { keyValueCaller } from '../../../helpers/key-value-caller.ts'

const [folder, index, count, timeoutMs] = process.argv.slice(2)
const callbacks = await openKeyValueCallbacks(createFolderStore(folder!))
const store = keyValueCaller(callbacks)
const within = Number(timeoutMs)

async function exchanged(): Promise<string> {
  await store.put(`local_topology/cuda/${index}`, `devices of ${index}`)
  process.stdout.write('told\n')
  if (index !== '0') return store.get('global_topology/cuda', within)
  const all = Array.from({ length: Number(count) }, (_, i) => store.get(`local_topology/cuda/${i}`, within))
  const topology = (await Promise.all(all)).join(', ')
  await store.put('global_topology/cuda', topology)
  return topology
}

try {
  process.stdout.write(`${await exchanged()}\n`)
} catch (error) {
  process.stdout.write(`failed: ${(error as Error).message}\n`)
}
await callbacks.close()
