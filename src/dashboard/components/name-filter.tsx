import { type FormEvent, type ReactNode, useState } from 'react'
import { TextField } from './text-field.tsx'

interface Props {
  readonly name: string
  readonly onSearch: (name: string) => void
  /** Other fields that say what a list shows; what is chosen there applies at once. */
  readonly children?: (typed: string) => ReactNode
}

/** A part of the name; it applies with Enter. */
export function NameFilter({ name, onSearch, children }: Props) {
  const [typed, setTyped] = useState(name)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSearch(typed.trim())
  }
  return (
    <form className="filters" onSubmit={submit}>
      <TextField label="Name" error={null} placeholder="a part of it" value={typed} onChange={setTyped} />
      {children?.(typed.trim())}
      <div className="actions">
        <button type="submit">Search</button>
      </div>
    </form>
  )
}
