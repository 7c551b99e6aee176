/** The built dashboard: its files by name, and its page where a browser goes to one of its views, so that a reload finds it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import { dashboardPolicy } from './security-headers.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2'
}

/** What is text: the largest is 452 kB, 140 as gzip, which is a quarter of a second of 10 Mbit/s. */
const PACKED = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest'])

const INDEX = '/index.html'
/** Vite puts a hash of the content in these names. */
const HASHED = /^\/assets\//

/** The addresses of src/dashboard/router.ts, also where they are written as paths; a test compares. */
const VIEW = /^\/(?:runs|sweeps|datasets|models)(?:\/[^/]+)?$|^\/keys$/

export const isDashboardView = (path: string): boolean => VIEW.test(path)

export interface Dashboard {
  /** Whether there is a file of that name, or a view that this client wants as a page. */
  answers(path: string, accept: string): boolean
  /** @param path of the URL, as it came */
  send(reply: FastifyReply, path: string): FastifyReply
}

const takesGzip = (accepted: string): boolean =>
  accepted.split(',').some((one) => {
    const [name, ...params] = one.split(';').map((part) => part.trim().toLowerCase())
    return name === 'gzip' && !params.some((param) => /^q=0(?:\.0*)?$/.test(param))
  })

/**
 * Reads the files once (well under a megabyte): no path of a request ever reaches the file system.
 *
 * @returns null when the folder holds no dashboard
 */
export function createDashboard(folder: string, objectOrigin: string | null): Dashboard | null {
  if (!existsSync(folder)) return null
  const files = new Map<string, Buffer>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(folder.length).split(sep).join('/'), readFileSync(path))
  }
  const index = files.get(INDEX)
  if (index === undefined) return null
  const policy = dashboardPolicy(objectOrigin)
  const packed = new Map<string, Buffer>()

  /** Packed when it is first asked for, 8 ms for the largest, and kept. */
  function packedFile(name: string, file: Buffer): Buffer {
    const known = packed.get(name) ?? gzipSync(file)
    packed.set(name, known)
    return known
  }

  return {
    answers: (path, accept) => files.has(path) || (isDashboardView(path) && accept.includes('text/html')),
    send(reply, path) {
      const name = files.has(path) ? path : INDEX
      reply.headers({
        'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
        'content-security-policy': policy,
        'cache-control': HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache'
      })
      const file = files.get(name) ?? index
      if (!PACKED.has(extname(name))) return reply.code(200).send(file)
      reply.header('vary', 'accept-encoding')
      const { 'accept-encoding': accepted } = reply.request.headers
      if (!takesGzip(String(accepted ?? ''))) return reply.code(200).send(file)
      return reply.code(200).header('content-encoding', 'gzip').send(packedFile(name, file))
    }
  }
}
