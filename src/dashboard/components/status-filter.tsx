import { useId } from 'react'
import { formatWords } from '../format.ts'

interface Props<S extends string> {
  readonly statuses: readonly S[]
  /** Null for all. */
  readonly status: S | null
  readonly onChange: (status: S | null) => void
}

export function StatusFilter<S extends string>({ statuses, status, onChange }: Props<S>) {
  const id = useId()
  return (
    <div className="filter">
      <label htmlFor={id}>Status</label>
      <select
        id={id}
        value={status ?? ''}
        onChange={({ target }) => onChange(statuses.find((one) => one === target.value) ?? null)}
      >
        <option value="">all</option>
        {statuses.map((one) => (
          <option key={one} value={one}>
            {formatWords(one)}
          </option>
        ))}
      </select>
    </div>
  )
}
