/** The chart, rendered by helm. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

export const CHART = resolve(import.meta.dirname, '../../../infra/kubernetes/kappa')
/** Of the schemas that kubeconform has (infra/kubernetes/schemas.py); helm that was built from its module believes to be far older. */
export const KUBERNETES = '1.33.0'

/** Files of values that a chart is tried with. */
export const VALUES = globSync('ci/*.yaml', { cwd: CHART })
  .sort()
  .map((path) => resolve(CHART, path))

export interface Manifest {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  // biome-ignore lint/suspicious/noExplicitAny: tests look into manifests of every shape
  readonly [part: string]: any
}

export function template(values: string, ...sets: readonly string[]): { text: string; error: string } {
  const args = ['template', 'kappa', CHART, '--namespace', 'kappa', '--kube-version', KUBERNETES, '--values', values]
  const { stdout, stderr, status } = spawnSync('helm', [...args, ...sets.flatMap((set) => ['--set', set])], {
    encoding: 'utf8'
  })
  return { text: stdout, error: status === 0 ? '' : stderr }
}

export function manifestsOf(values: string, ...sets: readonly string[]): readonly Manifest[] {
  const { text, error } = template(values, ...sets)
  if (error) throw new Error(error)
  return parseAllDocuments(text).flatMap((document) => document.toJS() ?? [])
}
