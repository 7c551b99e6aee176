/** Folders of the models that are served, fetched once and held while they are used and as long as there is room. */
import type { Model } from '../domain/model.ts'
import type { CachedFolder, LocalCache } from './local-cache.ts'

export interface ModelFolders {
  /** The folder stays until `use` has settled. */
  with<T>(model: Model, use: (folder: string) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Serving needs the ONNX files and what describes them; the weights in other formats stay where they are. */
const isServed = ({ name }: { readonly name: string }): boolean => !/\.safetensors$|^huggingface\//.test(name)

interface Held {
  readonly fetched: Promise<CachedFolder>
  users: number
}

export function createModelFolders(cache: LocalCache, most: number): ModelFolders {
  // In order of last use: a Map keeps insertion order, and every use inserts again.
  const held = new Map<string, Held>()

  async function drop(id: string, { fetched }: Held): Promise<void> {
    held.delete(id)
    await (await fetched).release()
  }

  async function dropSurplus(): Promise<void> {
    for (const [id, one] of [...held]) {
      if (held.size <= most) return
      if (one.users === 0) await drop(id, one)
    }
  }

  return {
    async with(model, use) {
      const { id, prefix, files } = model
      const one = held.get(id) ?? { fetched: cache.acquire({ prefix, files: files.filter(isServed) }), users: 0 }
      held.delete(id)
      held.set(id, one)
      one.users += 1
      try {
        const { folder } = await one.fetched.catch((error: unknown) => {
          if (held.get(id) === one) held.delete(id)
          throw error
        })
        return await use(folder)
      } finally {
        one.users -= 1
        await dropSurplus()
      }
    },
    async close() {
      const all = [...held]
      held.clear()
      for (const [, { fetched }] of all) await (await fetched).release()
    }
  }
}
