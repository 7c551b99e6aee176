import { formatWords } from '../format.ts'
import { Choice } from './choice.tsx'
import { NameFilter } from './name-filter.tsx'

interface Props<S extends string> {
  readonly statuses: readonly S[]
  /** Null for all. */
  readonly status: S | null
  /** A part of it; empty for all. */
  readonly name: string
  /** For the address: what says nothing is left out. */
  readonly onChange: (query: Readonly<Record<string, string>>) => void
}

export function StatusFilter<S extends string>({ statuses, status, name, onChange }: Props<S>) {
  const show = (part: string, chosen: string) =>
    onChange({ ...(part !== '' && { name: part }), ...(chosen !== '' && { status: chosen }) })
  return (
    <NameFilter name={name} onSearch={(part) => show(part, status ?? '')}>
      {(typed) => (
        <Choice
          label="Status"
          value={status ?? ''}
          options={statuses.map((one) => [one, formatWords(one)] as const)}
          empty="all"
          error={null}
          onChange={(chosen) => show(typed, chosen)}
        />
      )}
    </NameFilter>
  )
}
