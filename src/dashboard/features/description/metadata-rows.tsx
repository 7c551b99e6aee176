import type { MetadataRow } from './description-patch.ts'

interface Props {
  readonly rows: readonly MetadataRow[]
  readonly error: string | null
  readonly onChange: (rows: readonly MetadataRow[]) => void
}

/** Texts under names of the user's choice. */
export function MetadataRows({ rows, error, onChange }: Props) {
  const edit = (key: number, part: Partial<MetadataRow>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)))
  const nextKey = 1 + Math.max(-1, ...rows.map(({ key }) => key))
  return (
    <fieldset className="metadata">
      <legend>Notes</legend>
      {rows.map(({ key, name, value }, index) => (
        <div key={key} className="metadata-row">
          <input
            aria-label={`Name of note ${index + 1}`}
            placeholder="name"
            value={name}
            onChange={(event) => edit(key, { name: event.target.value })}
          />
          <textarea
            aria-label={`Text of note ${index + 1}`}
            rows={1}
            value={value}
            onChange={(event) => edit(key, { value: event.target.value })}
          />
          <button
            type="button"
            aria-label={`Remove note ${index + 1}`}
            onClick={() => onChange(rows.filter((row) => row.key !== key))}
          >
            Remove
          </button>
        </div>
      ))}
      {error !== null && <p className="field-error small">{error}</p>}
      <button type="button" onClick={() => onChange([...rows, { key: nextKey, name: '', value: '' }])}>
        Add a note
      </button>
    </fieldset>
  )
}
