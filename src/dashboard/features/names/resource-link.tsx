import { useQuery } from '@tanstack/react-query'
import { toProblem } from '../../../client/problem.ts'
import { useClient } from '../../data/api.ts'
import { nameQuery } from '../../data/queries/names.ts'
import { pageOf } from './page-of.ts'

/** What an id means by its name, the id on hover. What was removed, or never had a page, is no link. */
export function ResourceLink({ id: subject }: { readonly id: string }) {
  const [id = subject, version] = subject.split('@')
  const { data: name, error } = useQuery(nameQuery(useClient(), id))
  const href = pageOf(subject)
  const text = name == null ? <span className="mono small">{id}</span> : name
  if (error !== null && toProblem(error).details.status === 404) {
    return (
      <span className="muted" title="It was removed.">
        <span className="mono small">{subject}</span>, removed
      </span>
    )
  }
  if (href === null) return <span title={subject}>{text}</span>
  return (
    <a href={href} title={subject}>
      {text}
      {version !== undefined && <span className="nowrap"> version {version}</span>}
    </a>
  )
}

/** Where a link cannot be, such as in what opens something else: the name alone. */
export function ResourceName({ id: subject }: { readonly id: string }) {
  const [id = subject, version] = subject.split('@')
  const { data: name } = useQuery(nameQuery(useClient(), id))
  return (
    <span title={subject}>
      {name ?? <span className="mono">{id}</span>}
      {version === undefined ? '' : ` version ${version}`}
    </span>
  )
}
