/** Name and metadata as a form has them, and the change that it stands for. */

export interface Described {
  readonly name: string | null
  /** Models have none. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** A line of metadata as typed. */
export interface MetadataRow {
  readonly key: number
  readonly name: string
  readonly value: string
}

export interface DescriptionForm {
  readonly name: string
  readonly rows: readonly MetadataRow[]
}

/** What is not in it stays as it is. */
export interface DescriptionPatch {
  readonly name?: string | null
  readonly metadata?: Record<string, string | null>
}

export const descriptionForm = ({ name, metadata = {} }: Described): DescriptionForm => ({
  name: name ?? '',
  rows: Object.entries(metadata).map(([one, value], key) => ({ key, name: one, value }))
})

/** Rows without a name are nothing yet. */
const named = ({ rows }: DescriptionForm) => rows.filter(({ name }) => name.trim() !== '')

/** Of two rows with one name the API would see only one. */
export function repeatedName(form: DescriptionForm): string | null {
  const names = named(form).map(({ name }) => name.trim())
  return names.find((name, index) => names.indexOf(name) !== index) ?? null
}

/** Null when nothing was changed: the API refuses a change of nothing. */
export function descriptionPatch(before: Described, form: DescriptionForm): DescriptionPatch | null {
  const name = form.name.trim()
  const old = before.metadata ?? {}
  const wanted = new Map(named(form).map((row) => [row.name.trim(), row.value]))
  const removed = Object.keys(old)
    .filter((one) => !wanted.has(one))
    .map((one) => [one, null] as const)
  const changed = [...wanted].filter(([one, value]) => !Object.hasOwn(old, one) || old[one] !== value)
  const metadata = Object.fromEntries<string | null>([...removed, ...changed])
  const patch = {
    ...(name !== (before.name ?? '') && { name: name === '' ? null : name }),
    ...(Object.keys(metadata).length > 0 && { metadata })
  }
  return Object.keys(patch).length === 0 ? null : patch
}
