import type { ReactNode } from 'react'
import type { PagedResource } from '../data/use-page.ts'
import { ProblemNotice } from './problem-notice.tsx'

interface Props<T> {
  readonly list: PagedResource<T>
  readonly label: string
  readonly columns: readonly ReactNode[]
  readonly keyOf: (item: T) => string | number
  /** Cells of one item, as many as there are columns. */
  readonly row: (item: T) => readonly ReactNode[]
  readonly empty: ReactNode
}

/** A table of one page of a list: loading, empty, failed, or rows with a pager. */
export function List<T>({ list, label, columns, keyOf, row, empty }: Props<T>) {
  const { data, problem, isLoading, refresh, pageNumber, previous, next } = list
  if (data === null && problem !== null) return <ProblemNotice problem={problem} onRetry={refresh} />
  if (data === null || isLoading) return <Skeleton label={label} />
  if (data.data.length === 0 && pageNumber === 1) return <div className="empty">{empty}</div>
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      <Table label={label} columns={columns} rows={data.data.map((item) => ({ key: keyOf(item), cells: row(item) }))} />
      {(previous || next) && (
        <nav className="pager" aria-label={`Pages of ${label}`}>
          <button type="button" disabled={!previous} onClick={previous ?? undefined}>
            Previous
          </button>
          <span>Page {pageNumber}</span>
          <button type="button" disabled={!next} onClick={next ?? undefined}>
            Next
          </button>
        </nav>
      )}
    </>
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
                {column}
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
