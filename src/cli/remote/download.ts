/** One file of a model onto the disk: going on where it was, and only under its name when its hash is right. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'
import { writing } from '../../base/system-errors.ts'
import { backoffMs } from '../../client/backoff.ts'
import { pause } from '../../client/pause.ts'
import { isPassing, Problem, throwUnreachable } from '../../client/problem.ts'
import { readProblem } from '../../client/read-problem.ts'
import type { Artifact } from '../../client/resources.ts'

export interface Download {
  readonly artifact: Pick<Artifact, 'name' | 'bytes' | 'sha256'>
  /** Where the bytes are now: signed addresses end. */
  readonly url: () => Promise<string>
  readonly path: string
  readonly signal: AbortSignal
  /** Bytes that are there, those of before included. */
  readonly onProgress: (bytes: number) => void
}

/** In a row without a byte that came. */
const TRIES = 6

export const partialOf = (path: string): string => `${path}.partial`

/** 0 where there is no file. */
export const bytesAt = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0

export async function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) {
    signal?.throwIfAborted()
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}

/** Reads until the end or the break of one connection. */
async function receive({ url, path, artifact, signal, onProgress }: Download): Promise<void> {
  const partial = partialOf(path)
  const there = await bytesAt(partial)
  const range = there > 0 ? { range: `bytes=${there}-` } : {}
  const response = await fetch(await url(), { headers: range, signal }).catch(throwUnreachable)
  if (!response.ok) throw await readProblem(response)
  // A server that does not know ranges sends all of it.
  const isRest = response.status === 206
  let bytes = isRest ? there : 0
  const file = await open(partial, isRest ? 'a' : 'w')
  try {
    if (response.body === null) return
    const reader = response.body.getReader()
    for (;;) {
      const { done, value } = await reader.read().catch(throwUnreachable)
      if (done) break
      await writing(file.writeFile(value))
      bytes += value.length
      onProgress(Math.min(bytes, artifact.bytes))
      // Whoever sends more than it announced may send without end: the disk is not filled to find that out.
      if (bytes > artifact.bytes) return await reader.cancel()
    }
    await writing(file.sync())
  } finally {
    await file.close()
  }
}

async function receiveAll(download: Download): Promise<void> {
  const { path, artifact, signal } = download
  const partial = partialOf(path)
  if ((await bytesAt(partial)) > artifact.bytes) await rm(partial)
  for (let attempt = 1; (await bytesAt(partial)) < artifact.bytes; ) {
    const before = await bytesAt(partial)
    try {
      await receive(download)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof Problem) || !isPassing(error)) throw error
      attempt = (await bytesAt(partial)) > before ? 1 : attempt + 1
      if (attempt > TRIES) throw error
      await pause(backoffMs(attempt, Math.random()), signal)
      signal.throwIfAborted()
      continue
    }
    // It ended in good order and is too short: what is stored is not what was announced.
    if ((await bytesAt(partial)) < artifact.bytes) return
  }
}

/** @throws AppError object_damaged when it is not what the server announced, also from the first byte on */
export async function download(file: Download): Promise<void> {
  const { path, artifact, signal } = file
  const partial = partialOf(path)
  const wasBegun = (await bytesAt(partial)) > 0
  await receiveAll(file)
  if (artifact.bytes === 0) await (await open(partial, 'a')).close()
  if ((await sha256Of(partial, signal)) === artifact.sha256) return rename(partial, path)
  await rm(partial)
  // Of another model, or damaged on this disk: from the first byte on it may be right.
  if (wasBegun) return download(file)
  const message = `${artifact.name} is not what the server announced: its SHA-256 is another. Nothing of it was kept.`
  throw new AppError('object_damaged', { message })
}
