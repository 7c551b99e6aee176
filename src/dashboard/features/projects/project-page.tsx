import { useState } from 'react'
import type { ApiKey, IssuedApiKey, Project } from '../../../client/resources.ts'
import { Facts } from '../../components/facts.tsx'
import { List, Skeleton } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProblemNotice } from '../../components/problem-notice.tsx'
import { Section } from '../../components/section.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { projectQuery } from '../../data/queries/installation.ts'
import { projectKeyList } from '../../data/queries/keys.ts'
import { useList } from '../../data/use-list.ts'
import { useResource } from '../../data/use-resource.ts'
import { href } from '../../router.ts'
import { CreatedKey } from '../keys/created-key.tsx'
import { KEY_COLUMNS, keyFacts } from '../keys/key-facts.tsx'
import { NewKeyForm } from '../keys/new-key-form.tsx'
import { retentionInWords } from '../retention/retention-form.ts'
import { EditQuotas, EditRetention, RenameProject } from './project-actions.tsx'
import { QUOTA_FIELDS } from './quota-form.ts'
import { Usage } from './usage.tsx'

export function ProjectPage({ id }: { readonly id: string }) {
  const { data: project, problem, retry } = useResource(projectQuery(useClient(), id))
  const parent = { href: href.projects(), name: 'Projects' }
  if (project === null) {
    return (
      <PageFrame title="Project" parent={parent}>
        {problem ? <ProblemNotice problem={problem} onRetry={retry} /> : <Skeleton label="project" />}
      </PageFrame>
    )
  }
  return (
    <PageFrame title={project.name} parent={parent} actions={<RenameProject project={project} />}>
      {problem && <ProblemNotice problem={problem} onRetry={retry} />}
      <Quotas project={project} />
      <Section title="Checkpoints" actions={<EditRetention project={project} />}>
        <p>
          Of each run, unless it says otherwise: {retentionInWords(project.checkpoint)}, beside those that are kept by
          hand.
        </p>
      </Section>
      <Keys project={project} />
    </PageFrame>
  )
}

function Quotas({ project }: { readonly project: Project }) {
  const { id, usage, quotas, created_at: at } = project
  return (
    <Section title="Used, of what may be used" actions={<EditQuotas project={project} />}>
      <Facts
        facts={[
          ...QUOTA_FIELDS.map(
            ({ name, label, format }) =>
              [
                label,
                <Usage
                  key={name}
                  label={`${label} of ${project.name}`}
                  used={usage[name]}
                  may={quotas[name]}
                  format={format}
                />
              ] as const
          ),
          ['Created', <Ago key="created" at={at} />],
          [
            'Id',
            <span key="id" className="mono small break">
              {id}
            </span>
          ]
        ]}
      />
    </Section>
  )
}

/** A key is revoked by an admin of its own project, on the page Keys. */
function Keys({ project: { id, name } }: { readonly project: Project }) {
  const list = useList(projectKeyList(useClient(), id))
  const [created, setCreated] = useState<IssuedApiKey | null>(null)
  return (
    <Section title="Keys" hint={`With an admin key, the people of ${name} make and revoke its other keys themselves.`}>
      {created && <CreatedKey created={created} onClose={() => setCreated(null)} />}
      <List
        list={list}
        label={`Keys of ${name}`}
        columns={KEY_COLUMNS}
        keyOf={(key) => key.id}
        row={keyCells}
        empty="No key yet: nobody can use this project. Make its first one, with the scope admin."
      />
      <details>
        <summary>New key of this project</summary>
        <NewKeyForm project={id} onCreated={setCreated} />
      </details>
    </Section>
  )
}

const keyCells = (key: ApiKey) => [
  ...keyFacts(key),
  key.revoked_at === null ? (
    'in use'
  ) : (
    <span key="revoked" className="muted">
      revoked <Ago at={key.revoked_at} />
    </span>
  )
]
