/**
 * openapi.yaml, parsed. Reading 900 kB of YAML takes half a second of a core, as long as most files of tests compute
 * altogether; so the first process leaves it as JSON below .cache, with the digest of what it was made from.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')
const SOURCE = join(ROOT, 'openapi.yaml')
const CACHE = join(ROOT, '.cache')

interface Kept {
  readonly digest: string
  readonly document: unknown
}

function readKept(path: string): Kept | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept
  } catch {
    return null // none yet: it is made
  }
}

export async function readOpenApiDocument(): Promise<unknown> {
  const source = readFileSync(SOURCE, 'utf8')
  const digest = createHash('sha256').update(source).digest('hex')
  const path = join(CACHE, 'openapi.json')
  const kept = readKept(path)
  if (kept?.digest === digest) return kept.document
  const { parse } = await import('yaml')
  const document: unknown = parse(source)
  // Whole or not at all: other processes read it meanwhile.
  const draft = `${path}.${process.pid}`
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(draft, JSON.stringify({ digest, document } satisfies Kept))
  renameSync(draft, path)
  return document
}
