import { reachableUrl } from '../../api/object-url.ts'
import type { Artifact, Artifacts as ArtifactList } from '../../api/wire-models.ts'
import { Skeleton, Table } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
import { useResource } from '../../data/use-resource.ts'
import { formatBytes } from '../../format.ts'

const COLUMNS = ['File', 'Size', 'SHA-256', '']

export function Artifacts({ path }: { readonly path: string }) {
  const { data, problem, refresh } = useResource<ArtifactList>(`${path}/artifacts`)
  return (
    <Section title="Files" hint="Weights as safetensors, programs as ONNX with a dynamic batch.">
      {data === null && problem && <ProblemNotice problem={problem} onRetry={refresh} />}
      {data === null && !problem && <Skeleton label="files" />}
      {data && (
        <Table
          label="Files"
          columns={COLUMNS}
          rows={data.data.map((artifact) => ({ key: artifact.name, cells: artifactCells(path, artifact) }))}
        />
      )}
    </Section>
  )
}

const artifactCells = (path: string, artifact: Artifact) => [
  <span key="name" className="mono">
    {artifact.name}
  </span>,
  formatBytes(artifact.bytes),
  <span key="hash" className="mono small" title={artifact.sha256}>
    {artifact.sha256.slice(0, 12)}…
  </span>,
  <Download key="download" path={path} artifact={artifact} />
]

/** URLs expire: the list is read again, so that a page that was open for a day still downloads. */
function Download({ path, artifact }: { readonly path: string; readonly artifact: Artifact }) {
  const client = useClient()
  const download = useAction<[]>(async (signal) => {
    const { data } = await client.get<ArtifactList>(`${path}/artifacts`, signal)
    const link = document.createElement('a')
    const { url } = data.find(({ name }) => name === artifact.name) ?? artifact
    link.href = reachableUrl(url, window.location.origin)
    link.download = artifact.name
    link.click()
  })
  return (
    <>
      <button type="button" className="quiet" disabled={download.isRunning} onClick={download.run}>
        Download
      </button>
      {download.problem && <span className="field-error small">{download.problem.message}</span>}
    </>
  )
}
