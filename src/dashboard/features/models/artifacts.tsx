import { useMutation } from '@tanstack/react-query'
import { reachableUrl } from '../../../client/object-url.ts'
import type { Artifact } from '../../../client/resources.ts'
import { Skeleton, Table } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { problemOf } from '../../data/problem-of.ts'
import { artifactsQuery, fetchArtifacts } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatBytes } from '../../format.ts'

const COLUMNS = ['File', 'Size', 'SHA-256', '']

export function Artifacts({ id }: { readonly id: string }) {
  const { data, problem, retry } = useResource(artifactsQuery(useClient(), id))
  return (
    <Section title="Files" hint="Weights as safetensors, programs as ONNX with a dynamic batch.">
      {data === null && problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {data === null && !problem && <Skeleton label="files" />}
      {data && (
        <Table
          label="Files"
          columns={COLUMNS}
          rows={data.data.map((artifact) => ({ key: artifact.name, cells: artifactCells(id, artifact) }))}
        />
      )}
    </Section>
  )
}

const artifactCells = (id: string, artifact: Artifact) => [
  <span key="name" className="mono">
    {artifact.name}
  </span>,
  formatBytes(artifact.bytes),
  <span key="hash" className="mono small" title={artifact.sha256}>
    {artifact.sha256.slice(0, 12)}…
  </span>,
  <Download key="download" id={id} artifact={artifact} />
]

/** URLs expire: the list is read again, so that a page that was open for a day still downloads. */
function Download({ id, artifact }: { readonly id: string; readonly artifact: Artifact }) {
  const client = useClient()
  const download = useMutation({
    mutationFn: () => fetchArtifacts(client, id),
    onSuccess: ({ data }) => {
      const { url } = data.find(({ name }) => name === artifact.name) ?? artifact
      const link = document.createElement('a')
      link.href = reachableUrl(url, window.location.origin)
      link.download = artifact.name
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
