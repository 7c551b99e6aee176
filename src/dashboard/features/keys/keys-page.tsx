import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { dataOf } from '../../../client/client.ts'
import type { ApiKey, IssuedApiKey } from '../../../client/resources.ts'
import { ConfirmButton } from '../../components/confirm-button.tsx'
import { CopyButton } from '../../components/copy-button.tsx'
import { List } from '../../components/list.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Ago } from '../../components/time.tsx'
import { useClient } from '../../data/api.ts'
import { keyList, refreshKeys } from '../../data/queries/keys.ts'
import { useList } from '../../data/use-list.ts'
import { NewKeyForm } from './new-key-form.tsx'

const COLUMNS = ['Name', 'Scopes', 'Created', 'Last used', 'Expires', '']

export function KeysPage() {
  const list = useList(keyList(useClient()))
  const [created, setCreated] = useState<IssuedApiKey | null>(null)
  return (
    <PageFrame title="Keys">
      {created && <CreatedKey created={created} onClose={() => setCreated(null)} />}
      <NewKeyForm onCreated={setCreated} />
      <List list={list} label="API keys" columns={COLUMNS} keyOf={({ id }) => id} row={keyCells} empty="No keys yet." />
    </PageFrame>
  )
}

function CreatedKey({ created, onClose }: { readonly created: IssuedApiKey; readonly onClose: () => void }) {
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

const keyCells = (key: ApiKey) => [
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
    <RevokeKey key="revoke" apiKey={key} />
  ) : (
    <span key="revoked" className="muted">
      revoked <Ago at={key.revoked_at} />
    </span>
  )
]

function RevokeKey({ apiKey: { id, name } }: { readonly apiKey: ApiKey }) {
  const client = useClient()
  const queries = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => dataOf(client.DELETE('/v1/keys/{id}', { params: { path: { id } } })),
    onSuccess: () => void refreshKeys(queries)
  })
  return (
    <ConfirmButton
      label="Revoke"
      title={`Revoke ${name}?`}
      confirm="Revoke the key"
      dismiss="Keep it"
      mutation={revoke}
    >
      <p>Whoever uses it is refused from now on. This cannot be undone.</p>
    </ConfirmButton>
  )
}
