import { useState } from 'react'
import type { Key, NewKey } from '../../api/wire.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { useAction } from '../../data/use-action.ts'
import { usePage } from '../../data/use-page.ts'
import { NewKeyForm } from './new-key-form.tsx'

const COLUMNS = ['Name', 'Scopes', 'Created', 'Last used', 'Expires', '']

export function KeysPage() {
  const list = usePage<Key>('/v1/keys', 25)
  const [created, setCreated] = useState<NewKey | null>(null)
  const onCreated = (key: NewKey) => {
    setCreated(key)
    list.refresh()
  }
  return (
    <PageFrame title="Keys">
      {created && <CreatedKey created={created} onClose={() => setCreated(null)} />}
      <NewKeyForm onCreated={onCreated} />
      <List
        list={list}
        label="API keys"
        columns={COLUMNS}
        keyOf={({ id }) => id}
        row={(key) => keyCells(key, list.refresh)}
        empty="No keys yet."
      />
    </PageFrame>
  )
}

function CreatedKey({ created, onClose }: { readonly created: NewKey; readonly onClose: () => void }) {
  return (
    <div className="notice good" role="alert">
      <p>
        The key <b>{created.name}</b>. It is shown this once; only a hash of it is kept.
      </p>
      <p>
        <code className="break">{created.key ?? 'It was shown before: revoke it and create another.'}</code>
      </p>
      <div className="actions">
        {created.key !== null && <CopyButton text={created.key} label="Copy the key" />}
        <button type="button" onClick={onClose}>
          I have it
        </button>
      </div>
    </div>
  )
}

const keyCells = (key: Key, refresh: () => void) => [
  <div key="name">
    {key.name}
    <div className="id muted small mono">{key.id}</div>
  </div>,
  <span key="scopes" className="small">
    {key.scopes.join(', ')}
  </span>,
  <Ago key="created" at={key.created_at} />,
  key.last_used_at === null ? 'never' : <Ago key="used" at={key.last_used_at} />,
  key.expires_at === null ? 'never' : new Date(key.expires_at).toLocaleDateString(),
  key.revoked_at === null ? (
    <RevokeKey key="revoke" apiKey={key} onRevoked={refresh} />
  ) : (
    <span key="revoked" className="muted">
      revoked <Ago at={key.revoked_at} />
    </span>
  )
]

function RevokeKey({ apiKey, onRevoked }: { readonly apiKey: Key; readonly onRevoked: () => void }) {
  const client = useClient()
  const revoke = useAction<[]>(async (signal) => {
    await client.send('DELETE', `/v1/keys/${encodeURIComponent(apiKey.id)}`, { signal })
    onRevoked()
  })
  return (
    <ConfirmButton
      label="Revoke"
      title={`Revoke ${apiKey.name}?`}
      confirm="Revoke the key"
      dismiss="Keep it"
      action={revoke}
    >
      <p>Whoever uses it is refused from now on. This cannot be undone.</p>
    </ConfirmButton>
  )
}
