import type { Project } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { projectList } from '../../data/queries/installation.ts'
import { useList } from '../../data/use-list.ts'
import { href } from '../../router.ts'
import { NewProjectButton } from './new-project-button.tsx'
import { QUOTA_FIELDS } from './quota-form.ts'
import { Usage } from './usage.tsx'

const COLUMNS = ['Project', ...QUOTA_FIELDS.map(({ label }) => label), 'Created']

export function ProjectsPage() {
  const list = useList(projectList(useClient()))
  return (
    <PageFrame title="Projects" actions={<NewProjectButton />}>
      <p className="muted small lead">
        What a project uses, of what it may have. A request beyond a quota is refused with both numbers. Admins of the
        installation make projects and change them; others see their own.
      </p>
      <List
        list={list}
        label="Projects"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={projectCells}
        empty="No project."
      />
    </PageFrame>
  )
}

const projectCells = ({ id, name, usage, quotas, created_at: at }: Project) => [
  <a key="name" href={href.project(id)} title={id}>
    {name}
  </a>,
  ...QUOTA_FIELDS.map((quota) => (
    <Usage
      key={quota.name}
      label={`${quota.label} of ${name}`}
      used={usage[quota.name]}
      may={quotas[quota.name]}
      format={quota.format}
    />
  )),
  <Ago key="created" at={at} />
]
