import { type ReactNode, useId } from 'react'

interface Props {
  readonly title: string
  readonly hint?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Section({ title, hint, actions, children }: Props) {
  const id = useId()
  return (
    <section className="card" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {actions}
      </header>
      {hint !== undefined && <p className="muted small">{hint}</p>}
      {children}
    </section>
  )
}
