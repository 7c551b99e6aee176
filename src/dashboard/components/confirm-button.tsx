import { type ReactNode, useRef } from 'react'
import type { Action } from '../data/use-action.ts'
import { ProblemNotice } from './problem-notice.tsx'

interface Props {
  readonly label: string
  readonly title: string
  readonly confirm: string
  readonly dismiss: string
  readonly action: Action<[]>
  readonly children: ReactNode
}

/** Asks before it acts; the dialog stays open with the problem when the action fails. */
export function ConfirmButton({ label, title, confirm, dismiss, action, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null)
  const act = async () => {
    if (await action.run()) dialog.current?.close()
  }
  const open = () => {
    action.clear()
    dialog.current?.showModal()
  }
  return (
    <>
      <button type="button" className="danger" onClick={open}>
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <h2>{title}</h2>
        {children}
        {action.problem && <ProblemNotice problem={action.problem} />}
        <div className="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            {dismiss}
          </button>
          <button type="button" className="danger" disabled={action.isRunning} onClick={act}>
            {confirm}
          </button>
        </div>
      </dialog>
    </>
  )
}
