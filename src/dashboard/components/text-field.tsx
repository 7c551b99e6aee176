import { Field } from './field.tsx'

interface Props {
  readonly label: string
  readonly hint?: string
  readonly error: string | null
  readonly value: string
  readonly placeholder?: string
  /** Which keys a phone shows. */
  readonly inputMode?: 'text' | 'numeric' | 'decimal'
  /** Id of a datalist with what may be meant. */
  readonly list?: string
  readonly onChange: (value: string) => void
}

/** One line of text; what is wrong with it is below it. */
export function TextField({ label, hint, error, onChange, ...input }: Props) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => <input {...control} {...input} onChange={({ target }) => onChange(target.value)} />}
    </Field>
  )
}
