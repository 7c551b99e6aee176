/** infra/compose.yaml as `docker compose` reads it: anchors merged, variables filled in. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { configOf, type ImageConfig, parseDockerfile } from './docker/dockerfile.ts'

const INFRA = resolve(import.meta.dirname, '../../infra')

export interface ComposeService {
  readonly image: string
  readonly build?: { readonly target: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly stop_grace_period?: string
  readonly read_only?: boolean
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly privileged?: boolean
  readonly ports?: readonly string[]
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: Readonly<Record<string, object>>
}

/** `${A:-default}` and `${A:?message}`: empty counts as not set, as there. */
export const interpolate = (text: string, env: Readonly<Record<string, string | undefined>>): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (whole, name: string, how?: string, rest = '') => {
    const value = env[name]
    if (value) return value
    if (how === '-') return rest
    throw new Error(`${whole}: ${how === '?' ? rest : 'it has no value'}`)
  })

/** Comments are left out before: they may speak of variables. */
export function readCompose(env: Readonly<Record<string, string | undefined>>): ComposeFile {
  const text = readFileSync(resolve(INFRA, 'compose.yaml'), 'utf8').replace(/^\s*#.*$/gm, '')
  return parse(interpolate(text, env), { merge: true })
}

/** What a service of our own images is started with before the file adds its part; null for other people's images. */
export function imageOf({ image }: ComposeService): ImageConfig | null {
  const [, target] = /kappa-([a-z-]+):/.exec(image) ?? []
  if (target === undefined) return null
  return configOf(target, parseDockerfile(readFileSync(resolve(INFRA, 'docker/Dockerfile'), 'utf8')))
}

/** Services after those that they wait for. */
export function inOrder({ services }: ComposeFile): readonly string[] {
  const order = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) throw new Error(`services wait for each other: ${[...path, name].join(' → ')}`)
    for (const other of Object.keys(services[name]?.depends_on ?? {})) visit(other, [...path, name])
    order.add(name)
  }
  for (const name of Object.keys(services)) visit(name, [])
  return [...order]
}
