import { Component, type ReactNode } from 'react'
import { toProblem } from '../../client/problem.ts'
import { ProblemNotice } from './problem-notice.tsx'

interface State {
  readonly error: unknown
}

/** A page that cannot draw what it got says so; the navigation around it stays. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null }

  static getDerivedStateFromError(error: unknown): State {
    return { error }
  }

  override render() {
    const { error } = this.state
    return error === null ? this.props.children : <ProblemNotice problem={toProblem(error)} />
  }
}
