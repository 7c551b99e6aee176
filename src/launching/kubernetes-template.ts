/**
 * The file of KAPPA_KUBERNETES_TEMPLATE: one Job, or one for each device (label `kappa/device`), with what is of the cluster: image, node
 * selectors, tolerations, volumes, the Secret and the ConfigMap with Kappa's settings. What makes it the Job of a leg is kubernetes-job.ts.
 */
import type { V1Container, V1Job } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { AppError } from '../base/errors.ts'
import { problemsOf } from './kubernetes-types.ts'

export interface Templates {
  readonly cpu: V1Job | null
  readonly gpu: V1Job | null
}

const DEVICE_LABEL = 'kappa/device'
/** Of these a value in the file would be a secret in the file, and in every Job. */
const BY_REFERENCE = [
  'DATABASE_URL',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'KAPPA_SIGNING_KEY',
  'KAPPA_SECRET_KEY',
  'KAPPA_ADMIN_KEY'
]

/** @throws AppError process_not_started with every problem, by field, in one line */
export function readTemplates(text: string): Templates {
  const documents = parseAllDocuments(text)
  const broken = [...documents].flatMap(({ errors }) => errors.map(({ message }) => message))
  if (broken[0] !== undefined) throw unusable(`is no YAML: ${inOneLine(broken[0])}`)
  const jobs = [...documents].map((document): unknown => document.toJS()).filter((value) => value !== null)
  const problems = jobs.flatMap((job, i) =>
    problemsOfJob(job).map((problem) => (jobs.length === 1 ? problem : `document ${i + 1}: ${problem}`))
  )
  if (jobs.length === 0) problems.push('it has no Job')
  if (problems.length > 0) throw unusable(`cannot be used: ${problems.join('; ')}`)
  const known = jobs as readonly V1Job[] // checked against its types
  const forDevice = (device: 'cpu' | 'gpu'): V1Job | null =>
    known.find(({ metadata }) => metadata?.labels?.[DEVICE_LABEL] === device) ??
    known.find(({ metadata }) => metadata?.labels?.[DEVICE_LABEL] === undefined) ??
    null
  return { cpu: forDevice('cpu'), gpu: forDevice('gpu') }
}

/** For whoever has set it: told in a line when the process ends. */
export const unusable = (why: string, cause?: unknown): AppError =>
  new AppError('process_not_started', { message: `The file of KAPPA_KUBERNETES_TEMPLATE ${why}` }, { cause })

/** The parser draws the place in lines of its own below what it says. */
const inOneLine = (message: string): string => message.split('\n', 1)[0]?.replace(/:$/, '.') ?? message

function problemsOfJob(value: unknown): readonly string[] {
  const { apiVersion, kind } = (value ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown }
  if (apiVersion !== 'batch/v1' || kind !== 'Job') return ['it is no Job of batch/v1']
  const problems = problemsOf(value, 'V1Job')
  if (problems.length > 0) return problems
  const job = value as V1Job // checked just now
  const device = job.metadata?.labels?.[DEVICE_LABEL]
  const [worker] = job.spec?.template.spec?.containers ?? []
  return [
    ...(device === undefined || device === 'cpu' || device === 'gpu'
      ? []
      : [`metadata.labels.${DEVICE_LABEL} must be cpu or gpu`]),
    ...(worker?.image ? [] : ['spec.template.spec.containers[0].image is missing']),
    ...(worker === undefined ? [] : literalSecrets(worker))
  ]
}

const literalSecrets = ({ env = [] }: V1Container): readonly string[] =>
  env
    .filter(({ name, value }) => BY_REFERENCE.includes(name) && value !== undefined)
    .map(({ name }) => `spec.template.spec.containers[0].env: ${name} must come from a Secret (valueFrom or envFrom)`)
