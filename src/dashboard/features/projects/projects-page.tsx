import type { Project } from '../../../client/resources.ts'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { ProgressBar } from '../../components/progress-bar.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { projectList } from '../../data/queries/installation.ts'
import { useList } from '../../data/use-list.ts'
import { formatBytes, formatCount } from '../../format.ts'

const COLUMNS = ['Project', 'Queued runs', 'Stored', 'Created']

/** Quotas are set by admins of the installation, through the API. */
export function ProjectsPage() {
  const list = useList(projectList(useClient()))
  return (
    <PageFrame title="Projects">
      <p className="muted small lead">
        What a project uses, of what it may have. A request beyond a quota is refused with both numbers; quotas are
        changed by <code>PATCH /v1/projects/{'{id}'}</code>.
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
  <div key="name">
    {name}
    <div className="id muted small mono">{id}</div>
  </div>,
  <Usage
    key="runs"
    label={`Queued runs of ${name}`}
    used={usage.queued_runs}
    may={quotas.queued_runs}
    format={formatCount}
  />,
  <Usage
    key="stored"
    label={`Storage of ${name}`}
    used={usage.storage_bytes}
    may={quotas.storage_bytes}
    format={formatBytes}
  />,
  <Ago key="created" at={at} />
]

interface UsageProps {
  readonly label: string
  readonly used: number
  /** Null for any number. */
  readonly may: number | null
  readonly format: (value: number) => string
}

function Usage({ label, used, may, format }: UsageProps) {
  if (may === null) return <>{format(used)}, no limit</>
  return (
    <div className={used >= may ? 'usage field-error' : 'usage'}>
      {format(used)} of {format(may)}
      {/* Of nothing allowed everything is used. */}
      <ProgressBar percent={may === 0 ? 100 : (100 * used) / may} label={label} />
    </div>
  )
}
