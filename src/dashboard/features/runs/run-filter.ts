/** Which runs a list shows, as the address has it. */
import { RUN_STATUSES } from '../../../client/run-status.ts'
import type { RunListFilter } from '../../data/queries/runs.ts'

export const ORDERS = [
  ['newest', 'newest first'],
  ['oldest', 'oldest first']
] as const

/** What an address says of archived runs; nothing: they are left out. */
export const SHOWN = [
  ['', 'not archived'],
  ['only', 'archived'],
  ['too', 'all']
] as const

/** Names in the address; `note` is `name=value`. */
export interface RunFilterForm {
  readonly name: string
  readonly status: string
  readonly dataset: string
  readonly note: string
  readonly order: string
  readonly archived: string
}

export const filterForm = (query: URLSearchParams): RunFilterForm => ({
  name: query.get('name') ?? '',
  status: query.get('status') ?? '',
  dataset: query.get('dataset') ?? '',
  note: query.get('note') ?? '',
  order: query.get('order') ?? '',
  archived: query.get('archived') ?? ''
})

/** For the address: what says nothing is left out. */
export const filterQuery = (form: RunFilterForm): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(form)
      .map(([name, value]) => [name, value.trim()] as const)
      .filter(([name, value]) => value !== '' && !(name === 'order' && value === 'newest'))
  )

/** Anything can be written in an address: what cannot be asked for is no filter. */
export function filterOf({ name, status: wanted, dataset, note, order, archived }: RunFilterForm): RunListFilter {
  const status = RUN_STATUSES.find((one) => one === wanted)
  const [, key, value] = /^([^=]+)=(.*)$/.exec(note.trim()) ?? []
  return {
    ...(name.trim() !== '' && { name: name.trim() }),
    ...(status && { status }),
    ...(dataset !== '' && { dataset }),
    ...(key !== undefined && value !== undefined && { metadata: { [key.trim()]: value.trim() } }),
    ...(order === 'oldest' && { order }),
    ...(archived !== 'too' && { archived: archived === 'only' })
  }
}

export const isFiltered = ({ order, archived, ...filter }: RunListFilter): boolean =>
  archived === true || Object.keys(filter).length > 0
