import { Field } from './field.tsx'

interface Props {
  readonly label: string
  readonly hint?: string
  readonly value: string
  /** Names, or names with the words that they are shown as. */
  readonly options: readonly (string | readonly [value: string, text: string])[]
  /** What choosing nothing means; without it something must be chosen. */
  readonly empty?: string
  readonly error: string | null
  readonly onChange: (value: string) => void
}

export function Choice({ label, hint, value, options, empty, error, onChange }: Props) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <select {...control} value={value} onChange={({ target }) => onChange(target.value)}>
          {empty !== undefined && <option value="">{empty}</option>}
          {options.map((option) => {
            const [name, text] = typeof option === 'string' ? [option, option] : option
            return (
              <option key={name} value={name}>
                {text}
              </option>
            )
          })}
        </select>
      )}
    </Field>
  )
}
