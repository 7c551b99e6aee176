/** What is to be measured, as a form has it: the part that runs and evaluations have in common. */
import type { Evaluation } from '../../../client/resources.ts'
import type { JsonObject } from '../../json.ts'
import { parseNumber, parseNumbers, showValue, withoutEmpty } from '../../typed-values.ts'

/** Names that the API takes today; a test holds these lists against its own. */
export const LAB_PROTOCOLS = [
  'knn',
  'logistic',
  'few_shot',
  'retrieval',
  'clustering',
  'prototypes',
  'label_free',
  'linear',
  'finetune'
] as const

export type PlanProtocol = Evaluation['results'][number]['protocol']

interface SettingField {
  readonly name: SettingName
  readonly label: string
  readonly hint: string
  readonly isList: boolean
  /** Protocols that hear it; null for all. */
  readonly of: readonly PlanProtocol[] | null
}

export type SettingName = keyof Evaluation['settings']

export const SETTING_FIELDS: readonly SettingField[] = [
  { name: 'k', label: 'Neighbours', hint: 'that vote in knn: 10, 20', isList: true, of: ['knn'] },
  { name: 'draws', label: 'Draws', hint: 'of images for few_shot', isList: false, of: ['few_shot'] },
  { name: 'dimensions', label: 'Dimensions', hint: 'the first so many; all', isList: false, of: null },
  { name: 'epochs', label: 'Training epochs', hint: 'of linear, finetune', isList: false, of: ['linear', 'finetune'] },
  { name: 'rates', label: 'Training rates', hint: 'of finetune: 1e-4, 3e-4', isList: true, of: ['finetune'] },
  { name: 'image_size', label: 'Image size', hint: 'pixels', isList: false, of: ['copy_detection', 'revisited'] },
  { name: 'seed', label: 'Seed of draws', hint: '0 unless it is given', isList: false, of: null }
]

/** Run when none is chosen. */
const UNTRAINED = LAB_PROTOCOLS.filter((name) => name !== 'linear' && name !== 'finetune')

/** One that no protocol would hear is refused, so it is neither shown nor sent. */
export function heardSettings({ protocols }: Pick<PlanForm, 'protocols'>): readonly SettingField[] {
  const asked: readonly PlanProtocol[] = protocols.length === 0 ? UNTRAINED : protocols
  return SETTING_FIELDS.filter(({ of }) => of === null || of.some((name) => asked.includes(name)))
}

export interface PlanForm {
  /** The bank, `ds_…@3`. */
  readonly dataset: string
  /** Empty: the bank, each image without itself. */
  readonly queries: string
  /** None: everything that can be run, but what trains. */
  readonly protocols: readonly PlanProtocol[]
  readonly settings: Readonly<Partial<Record<SettingName, string>>>
}

export const EMPTY_PLAN: PlanForm = { dataset: '', queries: '', protocols: [], settings: {} }

export function planBody(form: PlanForm): JsonObject {
  const { dataset, queries, protocols, settings } = form
  const chosen = heardSettings(form).flatMap(({ name, isList }) => {
    const text = settings[name] ?? ''
    return text.trim() === '' ? [] : [[name, isList ? parseNumbers(text) : parseNumber(text)] as const]
  })
  return withoutEmpty({
    dataset,
    queries,
    protocols: protocols.length === 0 ? undefined : [...protocols],
    settings: chosen.length === 0 ? undefined : Object.fromEntries(chosen)
  })
}

type PlanShown = Pick<Evaluation, 'dataset' | 'queries' | 'protocols' | 'settings'>

/** The same once more. */
export const planFormOf = ({ dataset, queries, protocols, settings }: PlanShown): PlanForm => ({
  dataset,
  queries: queries ?? '',
  protocols: protocols ?? [],
  settings: Object.fromEntries(SETTING_FIELDS.map(({ name }) => [name, showValue(settings[name])]))
})
