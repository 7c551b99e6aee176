/** Which methods are taken at an address: for "wrong method", as against "nothing there". */
import type { FastifyInstance } from 'fastify'

export interface RouteTable {
  /** Methods of the route that is meant by this path, HEAD included; none where there is no route. */
  methodsAt(path: string): readonly string[]
  /** Whether the router, for a method that is not taken, goes on to a less exact route: `run_1:cancel` as an id. */
  isShadowing(path: string): boolean
}

interface Template {
  readonly pattern: RegExp
  readonly parameters: number
  readonly methods: Set<string>
}

const PARTS = /(::|:\w+(?:\([^)]*\))?|\*)/
const isParameter = (part: string): boolean => part === '*' || /^:\w/.test(part)

/** Fastify's `/v1/runs/:id([0-9a-z_]+)::cancel` as an expression. A colon ends a parameter: an unknown verb is no route. */
function readTemplate(url: string): Template {
  const parts = url.split(PARTS)
  const source = parts.map((part) => {
    if (part === '::') return ':'
    if (part === '*') return '.*'
    return isParameter(part) ? '[^/:]+' : part.replaceAll(/[.*+?^$()|[\]\\{}]/g, '\\$&')
  })
  const pattern = new RegExp(`^${source.join('')}$`)
  return { pattern, parameters: parts.filter(isParameter).length, methods: new Set() }
}

/** Must come before the first route. */
export function collectRoutes(app: FastifyInstance): RouteTable {
  const templates = new Map<string, Template>()
  app.addHook('onRoute', ({ method, url }) => {
    const template = templates.get(url) ?? readTemplate(url)
    templates.set(url, template)
    for (const one of [method].flat()) template.methods.add(one)
  })
  return {
    methodsAt(path) {
      const exact = templates.get(path)
      // Each request for a path without parameters asks this: two hundred expressions would be most of its hooks.
      const meant = exact?.pattern.test(path)
        ? exact
        : [...templates.values()]
            .filter(({ pattern }) => pattern.test(path))
            .sort((a, b) => a.parameters - b.parameters)[0]
      return meant === undefined ? [] : [...meant.methods].sort()
    },
    isShadowing: (path) => path.startsWith('/v1/') && (path.includes(':') || templates.has(path))
  }
}
