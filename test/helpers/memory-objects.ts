/** An object store in memory that can be told to fail. */
import { readFile, writeFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { AppError } from '../../src/base/errors.ts'
import type { ObjectStore } from '../../src/domain/ports.ts'

export interface MemoryObjects extends ObjectStore {
  readonly content: Map<string, Uint8Array>
  /** Called before every operation; what it throws is what the caller gets. */
  intercept: (operation: string, key: string) => void | Promise<void>
  /** Of every object, in a listing. */
  modifiedAt: Date
}

export function memoryObjects(): MemoryObjects {
  const content = new Map<string, Uint8Array>()
  const read = (key: string): Uint8Array => {
    const bytes = content.get(key)
    if (!bytes) throw new AppError('object_not_found', { key })
    return bytes
  }
  const unused = () => Promise.reject(new Error('the test did not expect uploads'))
  const store: MemoryObjects = {
    content,
    intercept: () => {},
    modifiedAt: new Date(0),
    async put(key, body) {
      await store.intercept('put', key)
      content.set(key, body instanceof Uint8Array ? Uint8Array.from(body) : await buffer(body))
    },
    async putFile(key, path) {
      await store.intercept('putFile', key)
      content.set(key, await readFile(path))
    },
    async get(key) {
      await store.intercept('get', key)
      return read(key)
    },
    async getRange(key, start, length) {
      await store.intercept('getRange', key)
      return read(key).subarray(start, start + length)
    },
    async getFile(key, path) {
      await store.intercept('getFile', key)
      await writeFile(path, read(key))
    },
    async head(key) {
      await store.intercept('head', key)
      const bytes = content.get(key)
      return bytes ? { key, bytes: bytes.length } : null
    },
    async *list(prefix) {
      await store.intercept('list', prefix)
      const found = [...content].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
      for (const [key, bytes] of found) yield { key, bytes: bytes.length, modifiedAt: store.modifiedAt }
    },
    async removePrefix(prefix) {
      await store.intercept('removePrefix', prefix)
      for (const key of [...content.keys()]) if (key.startsWith(prefix)) content.delete(key)
    },
    startUpload: unused,
    partUrls: unused,
    finishUpload: unused,
    abortUpload: unused,
    listUploads: async () => [],
    downloadUrl: unused,
    check: async () => {}
  }
  return store
}
