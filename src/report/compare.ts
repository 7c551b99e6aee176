/** Which measurements stand beside each other, and what says that they must not be compared. */
import { ALL_PROTOCOLS, type AnyProtocol } from '../base/evaluation.ts'
import type { Measurement } from './measurement.ts'

/** Of one model, by as many of its dimensions, on the same images, each protocol once. */
export interface Column {
  /** A, B, … */
  readonly letter: string
  readonly from: string
  readonly model: string
  readonly bankSource: string
  readonly queriesSource: string | null
  /** Of each embedding the first so many; null: all. */
  readonly firstDimensions: number | null
  readonly byProtocol: ReadonlyMap<AnyProtocol, Measurement>
}

export interface Comparison {
  readonly protocol: AnyProtocol
  readonly columns: readonly { readonly letter: string; readonly measurement: Measurement }[]
  /** Of any column, in the order of the first that has it. */
  readonly metrics: readonly string[]
  readonly settings: readonly { readonly name: string; readonly values: readonly string[]; readonly differs: boolean }[]
  /** Sentences about columns whose numbers must not be compared. */
  readonly warnings: readonly string[]
}

/** Columns are told apart by it, as by their models: who chose several compares just these. */
const OF_COLUMN = 'dimensions'

/** What a protocol found and reports among its settings: it may differ where nothing was asked differently. */
const FOUND: ReadonlySet<string> = new Set(['converged', 'lambda_chosen', 'rate_chosen', 'without_match'])

export function columnsOf(measurements: readonly Measurement[]): Column[] {
  const columns: (Omit<Column, 'byProtocol' | 'letter'> & { byProtocol: Map<AnyProtocol, Measurement> })[] = []
  for (const one of measurements) {
    const { from, model, bankSource, queriesSource, protocol, settings } = one
    const chosen = ownOf(settings, OF_COLUMN)
    const firstDimensions = typeof chosen === 'number' ? chosen : null
    const isOf = (column: (typeof columns)[number]) =>
      column.from === from &&
      column.model === model &&
      column.bankSource === bankSource &&
      column.queriesSource === queriesSource &&
      column.firstDimensions === firstDimensions &&
      !column.byProtocol.has(protocol)
    const known = columns.find(isOf)
    if (known) known.byProtocol.set(protocol, one)
    else
      columns.push({ from, model, bankSource, queriesSource, firstDimensions, byProtocol: new Map([[protocol, one]]) })
  }
  return columns.map((column, index) => ({ ...column, letter: letterOf(index) }))
}

/** A … Z, AA, AB, … */
function letterOf(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : letterOf(Math.floor(index / 26) - 1) + last
}

/** In the order of the protocols; those that nobody measured are not there. */
export function compare(columns: readonly Column[]): Comparison[] {
  return ALL_PROTOCOLS.flatMap((protocol): Comparison[] => {
    const measured = columns.flatMap(({ letter, byProtocol }) => {
      const measurement = byProtocol.get(protocol)
      return measurement === undefined ? [] : [{ letter, measurement }]
    })
    if (measured.length === 0) return []
    const names = (of: (one: Measurement) => object) => [
      ...new Set(measured.flatMap(({ measurement }) => Object.keys(of(measurement))))
    ]
    const settings = names((one) => one.settings).map((name) => {
      const values = measured.map(({ measurement }) => shown(ownOf(measurement.settings, name)))
      return { name, values, differs: name !== OF_COLUMN && !FOUND.has(name) && new Set(values).size > 1 }
    })
    const metrics = names((one) => one.metrics)
    return [{ protocol, columns: measured, metrics, settings, warnings: warningsOf(measured, settings) }]
  })
}

/** Names come from files: `toString` is none that a record has unless it says so. */
export const ownOf = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

const shown = (value: unknown): string =>
  value === undefined ? '–' : Array.isArray(value) ? value.join(', ') : String(value)

function warningsOf(measured: Comparison['columns'], settings: Comparison['settings']): string[] {
  const [first, ...others] = measured
  if (first === undefined) return []
  return others.flatMap(({ letter, measurement }, index) => {
    const differing = settings.filter(({ values, differs }) => differs && values[0] !== values[index + 1])
    const names = differing.map(({ name }) => name)
    const images = imagesApart(first.measurement, measurement)
    const pair = `${first.letter} and ${letter}`
    return [
      ...(images === null
        ? []
        : [`${pair} are not of the same images: ${images}. Their numbers must not be compared.`]),
      ...(names.length === 0
        ? []
        : [`${pair} were measured with other settings: ${names.join(', ')}. Their numbers must not be compared.`])
    ]
  })
}

function imagesApart(one: Measurement, other: Measurement): string | null {
  const counts = (['bank', 'queries', 'classes'] as const).find((name) => one[name] !== other[name])
  if (counts !== undefined) return `${counts} ${one[counts] ?? 'none'} and ${other[counts] ?? 'none'}`
  if (one.bankSource !== other.bankSource) return `bank ${one.bankSource} and ${other.bankSource}`
  if (one.queriesSource === other.queriesSource) return null
  return `queries ${one.queriesSource ?? 'none'} and ${other.queriesSource ?? 'none'}`
}
