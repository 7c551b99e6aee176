import { useMutation } from '@tanstack/react-query'
import { reachableUrl } from '../../../client/object-url.ts'
import type { Artifact } from '../../../client/resources.ts'
import { Table } from '../../components/list.tsx'
import { problemOf } from '../../data/problem-of.ts'
import { formatBytes } from '../../format.ts'

type NamedFile = Pick<Artifact, 'name' | 'bytes' | 'sha256'>

interface Props {
  readonly files: readonly NamedFile[]
  /** With addresses, which expire: asked for when one is wanted, so that a page that was open for a day still downloads. */
  readonly fetchFiles: () => Promise<{ readonly data: readonly Artifact[] }>
}

/** What it is for comes before what few compare: a phone shows the first three. */
const COLUMNS = ['File', 'Size', '', 'SHA-256']

/** Files in the object store, each to be downloaded. */
export const FileTable = ({ files, fetchFiles }: Props) => (
  <Table
    label="Files"
    columns={COLUMNS}
    rows={files.map((file) => ({ key: file.name, cells: cells(file, fetchFiles) }))}
  />
)

const cells = ({ name, bytes, sha256 }: NamedFile, fetchFiles: Props['fetchFiles']) => [
  <span key="name" className="mono">
    {name}
  </span>,
  <span key="size" className="nowrap">
    {formatBytes(bytes)}
  </span>,
  <Download key="download" name={name} fetchFiles={fetchFiles} />,
  <span key="hash" className="mono small" title={sha256}>
    {sha256.slice(0, 12)}…
  </span>
]

function Download({ name, fetchFiles }: Pick<Props, 'fetchFiles'> & { readonly name: string }) {
  const download = useMutation({
    mutationFn: fetchFiles,
    onSuccess: ({ data }) => {
      const found = data.find((file) => file.name === name)
      if (found === undefined) return
      const link = document.createElement('a')
      link.href = reachableUrl(found.url, window.location.origin)
      link.download = name
      link.click()
    }
  })
  const problem = problemOf(download)
  return (
    <>
      <button type="button" className="quiet" disabled={download.isPending} onClick={() => download.mutate()}>
        Download
      </button>
      {problem && <span className="field-error small">{problem.message}</span>}
    </>
  )
}
