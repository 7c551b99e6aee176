/**
 * Opened models, by id, within a budget of bytes. The one used longest ago leaves first, but never one that is in use or
 * the only one: a model larger than the budget is still served, alone.
 */
export interface CachedModel {
  /** Memory that keeping it costs. */
  readonly bytes: number
  dispose(): Promise<void>
}

export interface ModelCache<Model extends CachedModel> {
  /** Opens the model unless it is here, and keeps it open until `work` has ended. */
  use<T>(key: { readonly id: string; readonly folder: string }, work: (model: Model) => Promise<T>): Promise<T>
  /** Waits for nothing: call it when no work is under way. */
  dispose(): Promise<void>
}

interface Entry<Model> {
  readonly opening: Promise<Model>
  /** Known once it is open. */
  bytes: number
  users: number
}

export function createModelCache<Model extends CachedModel>(options: {
  readonly maxBytes: number
  readonly open: (folder: string) => Promise<Model>
}): ModelCache<Model> {
  const { maxBytes, open } = options
  /** In order of last use, the oldest first. */
  const entries = new Map<string, Entry<Model>>()

  async function use<T>(
    { id, folder }: { id: string; folder: string },
    work: (model: Model) => Promise<T>
  ): Promise<T> {
    const entry = entries.get(id) ?? { opening: open(folder), bytes: 0, users: 0 }
    entries.delete(id)
    entries.set(id, entry)
    entry.users++
    try {
      const model = await openedOrForgotten(id, entry)
      entry.bytes = model.bytes
      await evict()
      return await work(model)
    } finally {
      entry.users--
    }
  }

  async function openedOrForgotten(id: string, entry: Entry<Model>): Promise<Model> {
    try {
      return await entry.opening
    } catch (error) {
      // The next request tries again: the files may have arrived by then.
      if (entries.get(id) === entry) entries.delete(id)
      throw error
    }
  }

  async function evict(): Promise<void> {
    let bytes = [...entries.values()].reduce((sum, entry) => sum + entry.bytes, 0)
    for (const [id, entry] of [...entries]) {
      if (bytes <= maxBytes) return
      if (entry.users > 0) continue
      entries.delete(id)
      bytes -= entry.bytes
      await (await entry.opening).dispose()
    }
  }

  async function dispose(): Promise<void> {
    const open = [...entries.values()]
    entries.clear()
    for (const entry of open) await (await entry.opening).dispose()
  }

  return { use, dispose }
}
