import { useState } from 'react'
import { ErrorBoundary } from './components/error-boundary.tsx'
import { useLocation } from './data/use-location.ts'
import { SessionGate } from './features/session/session-gate.tsx'
import { CurrentPage } from './pages.tsx'
import { href } from './router.ts'

export const App = () => <SessionGate>{(signOut) => <Shell signOut={signOut} />}</SessionGate>

const NAVIGATION = [
  { name: 'Runs', href: href.runs(), pages: ['runs', 'run', 'new-run', 'compare-runs'] },
  { name: 'Sweeps', href: href.sweeps(), pages: ['sweeps', 'sweep', 'new-sweep'] },
  { name: 'Datasets', href: href.datasets(), pages: ['datasets', 'dataset', 'new-dataset', 'images'] },
  { name: 'Models', href: href.models(), pages: ['models', 'model', 'explorer', 'matching'] },
  { name: 'Playground', href: href.playground(), pages: ['playground'] },
  {
    name: 'Vector sets',
    href: href.vectorSets(),
    pages: ['vector-sets', 'vector-set', 'new-vector-set', 'map', 'curation']
  },
  { name: 'Evaluations', href: href.evaluations(), pages: ['evaluations', 'evaluation', 'new-evaluation'] },
  { name: 'Workers', href: href.workers(), pages: ['workers'] },
  { name: 'Projects', href: href.projects(), pages: ['projects', 'project'] },
  { name: 'Keys', href: href.keys(), pages: ['keys'] },
  { name: 'Webhooks', href: href.webhooks(), pages: ['webhooks', 'webhook'] },
  { name: 'Audit log', href: href.audit(), pages: ['audit'] }
] as const

function Shell({ signOut }: { readonly signOut: () => void }) {
  const location = useLocation()
  const [isOpen, setOpen] = useState(false)
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
        <nav aria-label="Main" id="main-pages" className={isOpen ? 'open' : undefined}>
          {NAVIGATION.map((item) => (
            <a key={item.name} href={item.href} {...isCurrent(item.pages)} onClick={() => setOpen(false)}>
              {item.name}
            </a>
          ))}
          <a href="/docs">API docs</a>
        </nav>
        {/* Thirteen links are five lines of a phone: there they are folded away. */}
        <button
          type="button"
          className="menu"
          aria-expanded={isOpen}
          aria-controls="main-pages"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </button>
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
