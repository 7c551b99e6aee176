import type { ReactNode } from 'react'
import type { List as ListOf, Pager as PagerOf } from '../data/use-list.ts'
import { ProblemNotice } from './problem-notice.tsx'

interface Props<T> {
  readonly list: ListOf<T>
  readonly label: string
  readonly columns: readonly ReactNode[]
  readonly keyOf: (item: T) => string | number
  /** Cells of one item, as many as there are columns. */
  readonly row: (item: T) => readonly ReactNode[]
  readonly empty: ReactNode
}

/** A table of one page of a list: loading, empty, failed, or rows with a pager. */
export function List<T>({ list, label, columns, keyOf, row, empty }: Props<T>) {
  const { items, problem, retry, pager } = list
  if (items === null) {
    return problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label={label} />
  }
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {items.length === 0 && pager.pageNumber === 1 ? (
        <div className="empty">{empty}</div>
      ) : (
        <Table label={label} columns={columns} rows={items.map((item) => ({ key: keyOf(item), cells: row(item) }))} />
      )}
      <Pager pager={pager} label={label} />
    </>
  )
}

interface PagerProps {
  readonly pager: PagerOf
  readonly label: string
  readonly names?: readonly [previous: string, next: string]
}

/** Nothing for a list of one page. */
export function Pager({ pager: { pageNumber, previous, next, isMoving }, label, names }: PagerProps) {
  const [previousName, nextName] = names ?? ['Previous', 'Next']
  if (pageNumber === 1 && !next && !isMoving) return null
  return (
    <nav className="pager" aria-label={`Pages of ${label}`}>
      <button type="button" disabled={!previous} onClick={previous ?? undefined}>
        {previousName}
      </button>
      <span>Page {pageNumber}</span>
      <button type="button" disabled={!next} onClick={next ?? undefined}>
        {nextName}
      </button>
    </nav>
  )
}

interface TableProps {
  readonly label: string
  readonly columns: readonly ReactNode[]
  readonly rows: readonly { readonly key: string | number; readonly cells: readonly ReactNode[] }[]
}

/** Scrolls sideways within itself on a narrow screen; focusable, so that the keyboard can scroll it too. */
export function Table({ label, columns, rows }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1)
    <section className="table" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
              <th key={index} scope="col">
                {column === '' ? <span className="visually-hidden">Actions</span> : column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                <td key={index}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

export function Skeleton({ label }: { readonly label: string }) {
  return (
    <div className="skeleton" role="status">
      <span className="visually-hidden">Loading {label}</span>
      <i />
      <i />
      <i />
    </div>
  )
}
