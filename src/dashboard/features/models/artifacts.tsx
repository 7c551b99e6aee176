import { Skeleton } from '../../components/list.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { useClient } from '../../data/api.ts'
import { artifactsQuery, fetchArtifacts } from '../../data/queries/models.ts'
import { useResource } from '../../data/use-resource.ts'
import { FileTable } from '../files/file-table.tsx'

export function Artifacts({ id }: { readonly id: string }) {
  const client = useClient()
  const { data, problem, retry } = useResource(artifactsQuery(client, id))
  return (
    <Section title="Files" hint="Weights as safetensors, programs as ONNX with a dynamic batch.">
      {data === null && problem && <ProblemNotice problem={problem} onRetry={retry} />}
      {data === null && !problem && <Skeleton label="files" />}
      {data && <FileTable files={data.data} fetchFiles={() => fetchArtifacts(client, id)} />}
    </Section>
  )
}
