import { type ReactNode, useEffect } from 'react'

interface Props {
  readonly title: string
  /** Where this page hangs: link and name of the list above it. */
  readonly parent?: { readonly href: string; readonly name: string }
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function PageFrame({ title, parent, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Kappa`
  }, [title])
  return (
    <>
      <header className="page-header">
        <div>
          {parent && (
            <nav aria-label="Breadcrumb" className="small">
              <a href={parent.href}>{parent.name}</a> <span aria-hidden="true">/</span>
            </nav>
          )}
          <h1>{title}</h1>
        </div>
        <div className="actions">{actions}</div>
      </header>
      {children}
    </>
  )
}
