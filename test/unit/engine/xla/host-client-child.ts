/** Makes the client of one of two hosts and prints what its plugin learned of both. */
import { createXlaClientOfHost } from '../../../../src/engine/xla/client.ts'
import { createFolderStore } from '../../../../src/engine/xla/folder-store.ts'

const [plugin, folder, index] = process.argv.slice(2)
const host = { index: Number(index), count: 2, store: createFolderStore(folder!) }
const client = await createXlaClientOfHost({ plugin: plugin!, options: { timeout_ms: 600_000 } }, host)
process.stdout.write(client.platformVersion)
client.dispose()
