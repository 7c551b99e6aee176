import { useId } from 'react'
import { formatCount } from '../../format.ts'

interface Props {
  readonly classes: readonly string[] | null
  readonly label: number | null
  readonly onChange: (label: number | null) => void
}

/** More names than this are no choice: their number is typed. */
const MOST_CHOICES = 2000

const numberOf = (text: string): number | null => (/^\d{1,9}$/.test(text) ? Number(text) : null)

export function LabelFilter({ classes, label, onChange }: Props) {
  const id = useId()
  const value = label === null ? '' : String(label)
  const isTyped = classes === null || classes.length > MOST_CHOICES
  return (
    <div className="filter">
      <label htmlFor={id}>Label</label>
      {isTyped ? (
        <input
          id={id}
          inputMode="numeric"
          placeholder={classes === null ? 'number' : `0 … ${formatCount(classes.length - 1)}`}
          defaultValue={value}
          onBlur={({ target }) => onChange(numberOf(target.value))}
        />
      ) : (
        <select id={id} value={value} onChange={({ target }) => onChange(numberOf(target.value))}>
          <option value="">all</option>
          {classes.map((name, number) => (
            <option key={name} value={number}>
              {name}
            </option>
          ))}
        </select>
      )}
    </div>
  )
}
