import type { ReactNode } from 'react'
import { ErrorBoundary } from './components/error-boundary.tsx'
import { useLocation } from './data/use-location.ts'
import { DatasetPage } from './features/datasets/dataset-page.tsx'
import { DatasetsPage } from './features/datasets/datasets-page.tsx'
import { NewDatasetPage } from './features/datasets/new-dataset-page.tsx'
import { KeysPage } from './features/keys/keys-page.tsx'
import { ModelPage } from './features/models/model-page.tsx'
import { ModelsPage } from './features/models/models-page.tsx'
import { NewRunPage } from './features/runs/new-run-page.tsx'
import { RunPage } from './features/runs/run-page.tsx'
import { RunsPage } from './features/runs/runs-page.tsx'
import { SessionGate } from './features/session/session-gate.tsx'
import { SweepPage } from './features/sweeps/sweep-page.tsx'
import { SweepsPage } from './features/sweeps/sweeps-page.tsx'
import { WebhookPage } from './features/webhooks/webhook-page.tsx'
import { WebhooksPage } from './features/webhooks/webhooks-page.tsx'
import { href, type Location } from './router.ts'

export const App = () => <SessionGate>{(signOut) => <Shell signOut={signOut} />}</SessionGate>

const NAVIGATION = [
  { name: 'Runs', href: href.runs(), pages: ['runs', 'run', 'new-run'] },
  { name: 'Sweeps', href: href.sweeps(), pages: ['sweeps', 'sweep'] },
  { name: 'Datasets', href: href.datasets(), pages: ['datasets', 'dataset', 'new-dataset'] },
  { name: 'Models', href: href.models(), pages: ['models', 'model'] },
  { name: 'Keys', href: href.keys(), pages: ['keys'] },
  { name: 'Webhooks', href: href.webhooks(), pages: ['webhooks', 'webhook'] }
] as const

function Shell({ signOut }: { readonly signOut: () => void }) {
  const location = useLocation()
  const { route } = location
  const isCurrent = (pages: readonly string[]) =>
    pages.includes(route.page) ? ({ 'aria-current': 'page' } as const) : {}
  return (
    <>
      <button type="button" className="skip" onClick={focusContent}>
        Skip to content
      </button>
      <header className="top">
        <a className="brand" href={href.runs()}>
          <span aria-hidden="true">κ</span> Kappa
        </a>
        <nav aria-label="Main">
          {NAVIGATION.map((item) => (
            <a key={item.name} href={item.href} {...isCurrent(item.pages)}>
              {item.name}
            </a>
          ))}
          <a href="/docs">API docs</a>
        </nav>
        <button type="button" className="quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        <ErrorBoundary key={JSON.stringify(route)}>
          <CurrentPage location={location} />
        </ErrorBoundary>
      </main>
    </>
  )
}

/** A button, because the hash of a link belongs to the router. */
function focusContent(): void {
  document.getElementById('content')?.focus()
}

function CurrentPage({ location: { route, query } }: { readonly location: Location }): ReactNode {
  switch (route.page) {
    case 'runs':
      return <RunsPage status={query.get('status')} />
    case 'new-run':
      return <NewRunPage key={query.toString()} dataset={query.get('dataset')} from={query.get('from')} />
    case 'run':
      return <RunPage key={route.id} id={route.id} />
    case 'sweeps':
      return <SweepsPage />
    case 'sweep':
      return <SweepPage key={route.id} id={route.id} />
    case 'datasets':
      return <DatasetsPage />
    case 'new-dataset':
      return <NewDatasetPage />
    case 'dataset':
      return <DatasetPage key={route.id} id={route.id} />
    case 'models':
      return <ModelsPage />
    case 'model':
      return <ModelPage key={route.id} id={route.id} />
    case 'keys':
      return <KeysPage />
    case 'webhooks':
      return <WebhooksPage />
    case 'webhook':
      return <WebhookPage key={route.id} id={route.id} />
    case 'unknown':
      return (
        <div className="empty">
          There is no such page. <a href={href.runs()}>To the runs</a>
        </div>
      )
  }
}
