/**
 * The study of docs/study.md: trains and evaluates what plan.ts names, as users would, one run after the other, and writes
 * tables and figures. What results.jsonl has is not run again, so it goes on where it was stopped.
 *
 *   npm run study -- [--cifar10 PATH] [--budget 90m] [--epochs N] [--only CONDITION] [--report]
 *
 * --cifar10 is an archive or a folder of CIFAR-10's test images in class folders, in place of Fashion-MNIST's, which come along;
 * --budget ends before the first run that would begin later; --report trains nothing.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { keysToSnake } from '../../src/base/casing.ts'
import { PRESETS } from '../../src/recipe/presets.ts'
import { kappa } from '../gpu/kappa.ts'
import { keepBaselines } from './baselines.ts'
import { SETS, type StudyRun, studyRuns } from './plan.ts'
import { writeReport } from './report.ts'
import { keepResult, readResults, type StudyResult } from './results.ts'

const FASHION = resolve(import.meta.dirname, '../../examples/fashion-mnist')
const HOLD_OUT = '5'
const PROTOCOLS = 'knn,logistic,few_shot,retrieval,clustering,prototypes,label_free'

const text = { type: 'string' } as const
const { values: options } = parseArgs({
  options: { cifar10: text, budget: text, epochs: text, only: text, report: { type: 'boolean' } }
})
const images = options.cifar10 === undefined ? FASHION : resolve(options.cifar10)
const set = SETS[options.cifar10 === undefined ? 'fashion-mnist' : 'cifar10']
const until = performance.now() + minutesOf(options.budget) * 60_000
const epochs = options.epochs === undefined ? undefined : Number(options.epochs)

function minutesOf(budget: string | undefined): number {
  if (budget === undefined) return Number.POSITIVE_INFINITY
  const [, number, unit] = /^(\d+)(m|h)$/.exec(budget) ?? []
  if (number === undefined) throw new Error(`--budget is minutes or hours, 90m or 2h, not ${budget}`)
  return Number(number) * (unit === 'h' ? 60 : 1)
}

async function runAll(): Promise<void> {
  const done = new Set(readResults(set.name).map(keyOf))
  const open = studyRuns(set, epochs)
    .filter(({ condition }) => options.only === undefined || condition === options.only)
    .map((run) => ({ ...run, epochs: run.request.hyperparameters?.epochs ?? PRESETS.demo.hyperparameters.epochs }))
    .filter((run) => !done.has(keyOf(run)))
  console.log(`${done.size} runs are there, ${open.length} to go`)
  for (const run of open) {
    if (performance.now() > until) return
    await inFolder(async (folder) => keepResult(set.name, await resultOf(run, folder)))
  }
  // Last: logistic regression on raw pixels takes as long as several runs.
  if (!readResults(set.name).some(({ condition }) => condition === 'raw pixels'))
    await inFolder((folder) => keepBaselines({ set: set.name, folder, images, holdOut: HOLD_OUT }))
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kappa-study-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const keyOf = ({ condition, seed, epochs: length }: Pick<StudyResult, 'condition' | 'seed' | 'epochs'>): string =>
  `${condition} · ${seed} · ${length}`

async function resultOf(run: StudyRun & { readonly epochs: number }, folder: string): Promise<StudyResult> {
  const { condition, seed, request } = run
  const about = { condition, seed, epochs: run.epochs, processor: cpus()[0]?.model ?? 'unknown' }
  const [recipe, out, lines] = ['recipe.json', 'run', 'evaluation.jsonl'].map((name) => join(folder, name)) as [
    string,
    string,
    string
  ]
  writeFileSync(recipe, JSON.stringify(keysToSnake(request)))
  const train = await kappa([
    'train',
    '--images',
    images,
    '--out',
    out,
    '--recipe',
    recipe,
    '--hold-out',
    HOLD_OUT,
    '--no-evaluate'
  ])
  const problem = train.lines.find(({ type }) => type === 'failed' || type === 'error')
  if (train.code !== 0)
    return { ...about, failed: String(problem?.['message'] ?? `ended with ${train.code}`), values: {} }
  const sources = ['--bank', join(out, 'dataset'), '--queries', join(out, 'held-out')]
  const evaluate = await kappa([
    'evaluate',
    ...['--model', join(out, 'model')],
    ...sources,
    ...['--protocol', PROTOCOLS],
    ...['--out', lines]
  ])
  if (evaluate.code !== 0) throw new Error(`kappa evaluate ended with ${evaluate.code}`)
  const { cuts } = run
  if (cuts.length > 0) {
    const by = ['--protocol', 'knn', '--k', '20', '--dimensions', cuts.join(','), '--out', `${lines}.cut`]
    const { code } = await kappa(['evaluate', '--model', join(out, 'model'), ...sources, ...by])
    if (code !== 0) throw new Error(`kappa evaluate --dimensions ended with ${code}`)
  }
  const cut = cuts.length === 0 ? [] : readLines(`${lines}.cut`)
  const alarms = train.lines.filter(({ type }) => type === 'alarm').length
  return { ...about, ...valuesOf(readLines(lines), { model: join(out, 'model'), alarms, cut }) }
}

type Json = Readonly<Record<string, unknown>>

const readLines = (path: string): Json[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json)

function valuesOf(
  evaluations: readonly Json[],
  { model, alarms, cut }: { readonly model: string; readonly alarms: number; readonly cut: readonly Json[] }
): Pick<StudyResult, 'values' | 'kappaBuckets'> {
  const values: Record<string, number> = { alarms }
  for (const { protocol, metrics } of evaluations) {
    for (const [name, { value }] of Object.entries(metrics as Record<string, { value: number }>)) {
      values[`${protocol}.${name}`] = value
    }
  }
  for (const { dimensions, metrics } of cut)
    values[`knn.top1_k20_dimensions${dimensions}`] = (metrics as Record<string, { value: number }>)['top1_k20']!.value
  const file = JSON.parse(readFileSync(join(model, 'prototypes.json'), 'utf8')) as PrototypeCounts
  const prototypes = file.prototypes.length
  values['used_share'] = file.used / prototypes
  values['unique_share'] = file.unique / prototypes
  values['top_share'] = file.topShare
  if (file.fitted) values['held_out_nats'] = file.fitted.heldOutLogLikelihood - file.fitted.uniformLogLikelihood
  const buckets = evaluations.find(({ protocol }) => protocol === 'prototypes')?.['buckets'] as Bucket[] | undefined
  const byKappa = (buckets ?? []).filter(({ by }) => by === 'kappa')
  return {
    values,
    kappaBuckets: byKappa.map(({ from, to, top1 }) => ({ kappa: (from + to) / 2, accuracy: top1.value }))
  }
}

interface PrototypeCounts {
  readonly prototypes: readonly unknown[]
  readonly used: number
  readonly unique: number
  readonly topShare: number
  readonly fitted: { readonly heldOutLogLikelihood: number; readonly uniformLogLikelihood: number } | null
}

interface Bucket {
  readonly by: string
  readonly from: number
  readonly to: number
  readonly top1: { readonly value: number }
}

if (!options.report) await runAll()
writeReport()
