import { type FormEvent, useState } from 'react'
import type { Problem } from '../../../client/problem.ts'
import { Field } from '../../components/field.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'

interface Props {
  readonly problem: Problem | null
  readonly onKey: (key: string) => void
}

export function KeyForm({ problem, onKey }: Props) {
  const [key, setKey] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onKey(key.trim())
  }
  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit}>
        <h1>Kappa</h1>
        <p className="muted">Runs, datasets and models of your project, read from the API with your key.</p>
        {problem && <ProblemNotice problem={problem} />}
        <Field
          label="API key"
          hint="Kept in this tab only. The first admin key is printed by the platform when it starts."
        >
          {(control) => (
            <input
              {...control}
              type="password"
              name="key"
              autoComplete="off"
              spellCheck={false}
              placeholder="kappa_…"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <button type="submit" className="primary" disabled={key.trim() === ''}>
          Open
        </button>
      </form>
    </main>
  )
}
