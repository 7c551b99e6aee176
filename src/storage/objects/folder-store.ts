/**
 * Objects as files of one folder: what an installation uses that has no object store. Presigned URLs point at the API,
 * which hands their tokens back to this store.
 */
import { access, constants, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Clock, systemClock } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import type { ListedObject, ObjectStore, OpenedObject, SignedObjects } from '../../domain/ports.ts'
import { checkLength, holdErrors } from './bodies.ts'
import { cloneFile, publishFile, readRange, translateFileError, writeStream } from './folder-files.ts'
import { createFolderUploads } from './folder-uploads.ts'
import { assertKey, assertPrefix, compareKeys } from './keys.ts'
import { createTokenSigner, type Grant } from './signed-tokens.ts'

export interface FolderStoreOptions {
  readonly root: string
  readonly signingKey: string
  /** Of the API, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly baseUrl: string
  readonly clock?: Pick<Clock, 'now'>
}

export function createFolderStore(options: FolderStoreOptions): ObjectStore & SignedObjects {
  const { root } = options
  const tree = join(root, 'objects')
  const temporary = join(root, 'temporary')
  const pathOf = (key: string): string => {
    assertKey(key)
    return join(tree, key)
  }

  return translating({
    ...createSignedVerbs(options, { temporary, pathOf }),

    put(key, body) {
      holdErrors(body)
      return publishFile(temporary, pathOf(key), (path) => writeStream(path, body))
    },
    putFile: (key, from) => publishFile(temporary, pathOf(key), (path) => cloneFile(from, path)),
    get: async (key) => new Uint8Array(await readFile(pathOf(key))),
    getRange: (key, start, length) => readRange(pathOf(key), start, length),

    async getFile(key, path) {
      const from = pathOf(key)
      if (!(await stat(from)).isFile()) throw new AppError('object_not_found', { key })
      await publishFile(dirname(path), path, (partial) => cloneFile(from, partial))
    },

    async head(key) {
      const found = await stat(pathOf(key)).catch((error) => {
        const translated = translateFileError(error, key)
        if (translated instanceof AppError && translated.code === 'object_not_found') return null
        throw translated
      })
      return found?.isFile() ? { key, bytes: found.size } : null
    },

    list: (prefix) => {
      assertPrefix(prefix)
      return walk(tree, prefix)
    },

    async removePrefix(prefix) {
      assertPrefix(prefix)
      if (prefix.endsWith('/')) return rm(join(tree, prefix), { recursive: true, force: true })
      for await (const { key } of walk(tree, prefix)) await rm(join(tree, key), { force: true })
    },

    async check() {
      await mkdir(tree, { recursive: true })
      await access(tree, constants.R_OK | constants.W_OK | constants.X_OK)
    }
  })
}

type SignedVerbs =
  | 'startUpload'
  | 'partUrls'
  | 'finishUpload'
  | 'abortUpload'
  | 'listUploads'
  | 'downloadUrl'
  | keyof SignedObjects

interface Places {
  readonly temporary: string
  readonly pathOf: (key: string) => string
}

/** What is reached through URLs: both sides of them, who signs and who is let in. */
function createSignedVerbs(
  { root, signingKey, baseUrl, clock = systemClock }: FolderStoreOptions,
  { temporary, pathOf }: Places
): Pick<ObjectStore & SignedObjects, SignedVerbs> {
  const uploads = createFolderUploads(join(root, 'uploads'), temporary)
  const tokens = createTokenSigner(signingKey)
  const urlOf = (grant: Grant, expiresInS: number) =>
    `${baseUrl}/v1/objects/${tokens.sign(grant, clock.now() + expiresInS * 1000)}`

  return {
    startUpload: (key) => {
      assertKey(key)
      return uploads.start(key, clock.now())
    },
    async partUrls(key, multipartId, partBytes, expiresInS) {
      return partBytes.map((bytes, i) => {
        const part = i + 1
        return { part, url: urlOf({ for: 'part', key, multipartId, part, bytes }, expiresInS) }
      })
    },
    finishUpload: (key, multipartId, parts) => uploads.finish({ key, multipartId, parts, path: pathOf(key) }),
    abortUpload: (_key, multipartId) => uploads.abort(multipartId),
    listUploads: () => uploads.list(),

    async downloadUrl(key, expiresInS, filename) {
      assertKey(key)
      return urlOf({ for: 'download', key, filename }, expiresInS)
    },

    async writePart(token, body, declaredBytes) {
      holdErrors(body)
      const part = tokens.verify(token, 'part', clock.now())
      checkLength(declaredBytes, part.bytes)
      return { etag: await uploads.writePart(part, body) }
    },

    async openObject(token) {
      const { key, filename } = tokens.verify(token, 'download', clock.now())
      try {
        return { ...(await openFile(pathOf(key))), key, filename }
      } catch (error) {
        throw translateFileError(error, key)
      }
    }
  }
}

/** Opened once, so that size, ETag and bytes are of one file though another may take its name meanwhile. */
async function openFile(path: string): Promise<Omit<OpenedObject, 'key' | 'filename'>> {
  const file = await open(path, 'r')
  try {
    const { ino, size, mtimeNs } = await file.stat({ bigint: true })
    // Files are never written to after they have their names: other bytes are another file.
    const etag = `"${[ino, size, mtimeNs].map((one) => one.toString(36)).join('-')}"`
    // Of a folder, which can be opened too, this throws EISDIR.
    await file.read(new Uint8Array(1), 0, 1, 0)
    return {
      bytes: Number(size),
      etag,
      read: (range) => file.createReadStream({ start: 0, ...range }),
      close: () => file.close()
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The files whose key starts with the prefix, in the order of their keys. */
async function* walk(tree: string, prefix: string): AsyncGenerator<ListedObject> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const entries = await readdir(join(tree, folder), { withFileTypes: true }).catch((error) => {
    if (['ENOENT', 'ENOTDIR'].includes(error.code)) return []
    throw translateFileError(error)
  })
  // A folder sorts as its name with the slash, as its keys do: `a.b` comes before `a/b`.
  const keys = entries.map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`).sort(compareKeys)
  for (const key of keys) {
    if (key.endsWith('/')) {
      // Below the prefix, or on the way to it.
      if (key.startsWith(prefix)) yield* walk(tree, key)
      continue
    }
    if (!key.startsWith(prefix)) continue
    const found = await stat(join(tree, key)).catch(() => null) // removed since it was listed
    if (found !== null) yield { key, bytes: found.size, modifiedAt: found.mtime }
  }
}

/** Verbs reject with translated errors; `list` translates its own. */
function translating(store: ObjectStore & SignedObjects): ObjectStore & SignedObjects {
  const reads = new Set(['get', 'getRange', 'getFile'])
  const wrapped = Object.entries(store).map(([name, verb]) => [
    name,
    name === 'list'
      ? verb
      : async (...args: unknown[]) => {
          try {
            return await (verb as (...args: unknown[]) => unknown)(...args)
          } catch (error) {
            throw translateFileError(error, reads.has(name) ? String(args[0]) : undefined)
          }
        }
  ])
  return Object.fromEntries(wrapped) as ObjectStore & SignedObjects // same names, same signatures
}
