import { type ReactNode, useRef } from 'react'
import { problemOf } from '../data/problem-of.ts'
import { ProblemNotice } from './problem-notice.tsx'

/** A mutation without variables. */
interface Confirmed {
  readonly mutate: (variables: undefined, options: { readonly onSuccess: () => void }) => void
  readonly reset: () => void
  readonly isPending: boolean
  readonly error: Error | null
  readonly failureReason: Error | null
}

interface Props {
  readonly label: string
  /** For one of several buttons with the same label: `Delete the checkpoint of step 50`. */
  readonly accessibleName?: string
  readonly title: string
  readonly confirm: string
  readonly dismiss: string
  readonly mutation: Confirmed
  readonly children: ReactNode
}

/** Asks before it acts; the dialog stays open with the problem when the action fails. */
export function ConfirmButton({ label, accessibleName = label, title, confirm, dismiss, mutation, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const problem = problemOf(mutation)
  const act = () => mutation.mutate(undefined, { onSuccess: () => dialog.current?.close() })
  const open = () => {
    mutation.reset()
    dialog.current?.showModal()
  }
  return (
    <>
      <button type="button" className="danger" aria-label={accessibleName} onClick={open}>
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <h2>{title}</h2>
        {children}
        {problem && <ProblemNotice problem={problem} />}
        <div className="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            {dismiss}
          </button>
          <button type="button" className="danger" disabled={mutation.isPending} onClick={act}>
            {confirm}
          </button>
        </div>
      </dialog>
    </>
  )
}
