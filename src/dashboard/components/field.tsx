import { type ReactNode, useId } from 'react'

interface Props {
  readonly label: string
  readonly hint?: ReactNode
  readonly error?: string | null
  /** Renders the control with what ties it to its label and messages. */
  readonly children: (control: {
    readonly id: string
    readonly 'aria-describedby': string
    readonly 'aria-invalid': boolean
  }) => ReactNode
}

export function Field({ label, hint, error = null, children }: Props) {
  const id = useId()
  const messages = `${id}-messages`
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': messages, 'aria-invalid': error !== null })}
      <div id={messages} className="small">
        {error !== null && <span className="field-error">{error}</span>}
        {error === null && hint !== undefined && <span className="muted">{hint}</span>}
      </div>
    </div>
  )
}
