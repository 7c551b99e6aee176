import { type FormEvent, type ReactNode, useRef } from 'react'
import type { Problem } from '../../client/problem.ts'
import { ProblemNotice } from './problem-notice.tsx'

interface Props {
  readonly label: string
  /** For one of several buttons with the same label: `Fork from step 50`. */
  readonly accessibleName?: string
  readonly title: string
  readonly confirm: string
  readonly canSubmit: boolean
  readonly problem: Problem | null
  /** Before it opens: what an earlier try left is gone. */
  readonly onOpen: () => void
  readonly onSubmit: (close: () => void) => void
  readonly children: ReactNode
}

/** A small form behind a button; it stays open with the problem when the request is refused. */
export function FormButton({ label, accessibleName = label, title, confirm, children, ...props }: Props) {
  const { canSubmit, problem, onOpen, onSubmit } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const close = () => dialog.current?.close()
  const open = () => {
    onOpen()
    dialog.current?.showModal()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSubmit(close)
  }
  return (
    <>
      <button type="button" aria-label={accessibleName} onClick={open}>
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <h2>{title}</h2>
        <form onSubmit={submit}>
          {children}
          {problem && <ProblemNotice problem={problem} />}
          <div className="actions">
            <button type="button" onClick={close}>
              Dismiss
            </button>
            <button type="submit" className="primary" disabled={!canSubmit}>
              {confirm}
            </button>
          </div>
        </form>
      </dialog>
    </>
  )
}
