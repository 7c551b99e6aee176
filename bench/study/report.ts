/** docs/study.md between its markers, and docs/images/study*.svg, from what the runs gave. */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { drawDots } from './figure.ts'
import { COMPARISONS, CONDITIONS, CUTS, SETS, type SetName, type StudySet, studyRuns } from './plan.ts'
import { readResults, type StudyResult, valuesBySeed } from './results.ts'
import { type Interval, intervalOf, pairedDifference } from './statistics.ts'

const DOCS = resolve(import.meta.dirname, '../../docs')
const PAGE = `${DOCS}/study.md`
const FIGURES: Readonly<Record<SetName, string>> = {
  'fashion-mnist': 'images/study.svg',
  cifar10: 'images/study-cifar10.svg'
}
const markersOf = (set: SetName) =>
  [`<!-- ${set}: written by npm run study -->`, `<!-- ${set}: end of what is written -->`] as const

interface Column {
  readonly title: string
  readonly value: string
  /** What a value is multiplied with to be shown, and its digits. */
  readonly scale: number
  readonly digits: number
}

const percent = (title: string, value: string): Column => ({ title, value, scale: 100, digits: 1 })
const number = (title: string, value: string, digits: number): Column => ({ title, value, scale: 1, digits })

const KNN = 'knn.top1_k20'

const LEARNED: readonly Column[] = [
  percent('kNN', KNN),
  percent('logistic', 'logistic.top1'),
  percent('1 shot', 'few_shot.mean_shots1'),
  percent('2 shots', 'few_shot.mean_shots2'),
  percent('5 shots', 'few_shot.mean_shots5'),
  percent('mAP', 'retrieval.map')
]
const MIXTURE: readonly Column[] = [
  percent('used', 'used_share'),
  percent('unique', 'unique_share'),
  percent('busiest', 'top_share'),
  number('NMI, teacher', 'clustering.nmi_teacher', 3),
  number('NMI, model', 'clustering.nmi_model', 3),
  number('NMI, fitted', 'clustering.nmi_fitted', 3),
  number('held out, nats', 'held_out_nats', 1),
  number('κ ~ right', 'prototypes.kappa_correlation', 2),
  number('RankMe', 'label_free.rankme', 1),
  number('alarms', 'alarms', 1)
]

/** Of each set whatever there is. */
export function writeReport(): void {
  for (const set of Object.values(SETS)) {
    const results = readResults(set.name)
    if (results.length > 0) writeSet(set, ofOneLength(results))
  }
}

function writeSet(set: StudySet, results: readonly StudyResult[]): void {
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = markersOf(set.name)
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`${PAGE} lacks ${begin} or ${end}`)
  writeFileSync(PAGE, `${before}${begin}\n\n${sectionsOf(set, results)}\n${end}${after}`)
  const title = 'kNN top-1 on held-out images, %'
  writeFileSync(`${DOCS}/${FIGURES[set.name]}`, drawDots(conditionsOf(results), results, { value: KNN, title }))
}

/** Of several lengths of training the one with most runs. */

function ofOneLength(results: readonly StudyResult[]): StudyResult[] {
  const counts = new Map<number, number>()
  for (const { epochs } of results) if (epochs > 0) counts.set(epochs, (counts.get(epochs) ?? 0) + 1)
  const [length] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [0]
  return results.filter(({ epochs }) => epochs === length || epochs === 0)
}

const conditionsOf = (results: readonly StudyResult[]): string[] => {
  const there = new Set(results.map(({ condition }) => condition))
  return [...CONDITIONS.map(({ name }) => name), 'raw pixels', 'principal components'].filter((name) => there.has(name))
}

function sectionsOf(set: StudySet, results: readonly StudyResult[]): string {
  const failed = results.filter((one) => one.failed !== undefined)
  const trained = results.filter(({ epochs }) => epochs > 0)
  const planned = studyRuns(set, undefined).length
  const runs = results.filter(({ condition }) => CONDITIONS.some(({ name }) => name === condition)).length
  const processors = [...new Set(results.map(({ processor }) => processor))].join(', ')
  const lengths = [...new Set(trained.map(({ epochs }) => epochs))].join(', ')
  return [
    `${runs} of ${planned} runs, ${lengths} epochs, on ${processors}. ${failed.length === 0 ? 'None failed.' : ''}`,
    ...failed.map(({ condition, seed, failed: why }) => `Failed: ${condition}, seed ${seed}: ${why}`),
    '### What was learned',
    'Mean over seeds ± half of the 95 % interval (Student’s t), in %.',
    tableOf(results, LEARNED),
    `![kNN of every seed](${FIGURES[set.name]})`,
    '### The mixture',
    'Shares in %; nats above the uniform density; `κ ~ right` is Spearman’s correlation of κ with being right, over images.',
    tableOf(results, MIXTURE),
    ...firstDimensionsOf(results),
    '### Paired differences',
    'By seed, in points; intervals as above. An interval that holds 0 says that these seeds do not tell.',
    differencesOf(results),
    '### κ against difficulty',
    'kNN accuracy in % of held-out images in five buckets by the κ of their prototype, from the lowest to the highest κ; means over seeds.',
    bucketsOf(results)
  ].join('\n\n')
}

function tableOf(results: readonly StudyResult[], columns: readonly Column[]): string {
  const rows = conditionsOf(results).flatMap((condition) => {
    const seeds = results.filter((one) => one.condition === condition && one.failed === undefined).length
    const cells = columns.map((column) => {
      const values = [...valuesBySeed(results, condition, column.value).values()]
      return values.length === 0 ? '' : shown(intervalOf(values), column)
    })
    return cells.every((cell) => cell === '') ? [] : [`| ${condition} | ${seeds} | ${cells.join(' | ')} |`]
  })
  const titles = columns.map(({ title }) => title)
  return [
    `| condition | seeds | ${titles.join(' | ')} |`,
    `|---|---|${titles.map(() => '---|').join('')}`,
    ...rows
  ].join('\n')
}

/** Nothing where no run was judged by them. */
function firstDimensionsOf(results: readonly StudyResult[]): readonly string[] {
  const cuts = CUTS.map((cut) => percent(`first ${cut}`, `${KNN}_dimensions${cut}`))
  const own = results.filter(({ values }) => cuts.some(({ value }) => values[value] !== undefined))
  const text = 'kNN in %, of all dimensions of an embedding and of the first ones alone.'
  return own.length === 0 ? [] : ['### First dimensions', text, tableOf(own, [percent('all', KNN), ...cuts])]
}

const shown = ({ mean, half }: Interval, { scale, digits }: Column): string =>
  (scale * mean).toFixed(digits) + (half === null ? '' : ` ± ${(scale * half).toFixed(digits)}`)

const COMPARED: readonly Column[] = [
  percent('kNN', KNN),
  percent('logistic', 'logistic.top1'),
  percent('mAP', 'retrieval.map'),
  percent('used', 'used_share'),
  percent('unique', 'unique_share')
]

function differencesOf(results: readonly StudyResult[]): string {
  const rows = COMPARISONS.flatMap(({ question, of, with: other }) => {
    const differences = COMPARED.map((column) => {
      const values = (condition: string) => valuesBySeed(results, condition, column.value)
      return { column, difference: pairedDifference(values(of), values(other)) }
    })
    const seeds = differences[0]?.difference?.seeds
    if (seeds === undefined) return []
    const cells = differences.map(({ column, difference }) => (difference === null ? '' : signed(difference, column)))
    return [`| ${question} | ${of} − ${other} | ${seeds} | ${cells.join(' | ')} |`]
  })
  const titles = COMPARED.map(({ title }) => title)
  return [
    `| question | difference | seeds | ${titles.join(' | ')} |`,
    `|---|---|---|${titles.map(() => '---|').join('')}`,
    ...rows
  ].join('\n')
}

const signed = (difference: Interval, column: Column): string =>
  `${difference.mean >= 0 ? '+' : '−'}${shown({ ...difference, mean: Math.abs(difference.mean) }, column)}`

function bucketsOf(results: readonly StudyResult[]): string {
  const rows = conditionsOf(results).flatMap((condition) => {
    const own = results.filter((one) => one.condition === condition && (one.kappaBuckets?.length ?? 0) === 5)
    if (own.length === 0) return []
    const means = Array.from({ length: 5 }, (_, bucket) =>
      intervalOf(own.map((one) => one.kappaBuckets![bucket]!.accuracy))
    )
    return [`| ${condition} | ${own.length} | ${means.map(({ mean }) => (100 * mean).toFixed(1)).join(' | ')} |`]
  })
  return ['| condition | seeds | lowest κ | 2 | 3 | 4 | highest κ |', '|---|---|---|---|---|---|---|', ...rows].join(
    '\n'
  )
}
