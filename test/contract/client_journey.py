"""A first journey with the client that openapi-python-client generates: make, list, find, refuse, embed."""

import base64
import os
import pathlib

from kappa_client import AuthenticatedClient
from kappa_client.api.datasets import create_dataset, get_dataset, list_datasets
from kappa_client.api.models import list_models, list_prototypes
from kappa_client.api.runs import get_run, list_runs
from kappa_client.api.serving import create_embeddings
from kappa_client.models import CreateDataset, CreateEmbeddings, Problem

PICTURE = pathlib.Path(__file__).parents[2] / "docs/images/boot.png"

client = AuthenticatedClient(base_url=os.environ["KAPPA_URL"], token=os.environ["KAPPA_KEY"])

created = create_dataset.sync(client=client, body=CreateDataset(name="from Python"), idempotency_key="journey-1")
again = create_dataset.sync(client=client, body=CreateDataset(name="from Python"), idempotency_key="journey-1")
assert created.id == again.id, "the same Idempotency-Key made a second dataset"

seen, after = [], None
while True:
    page = list_datasets.sync(client=client, limit=1, **({"after": after} if after else {}))
    seen += [one.id for one in page.data]
    after = page.next_cursor
    if not page.has_more:
        break
assert created.id in seen and len(seen) == len(set(seen)), seen
assert get_dataset.sync(created.id, client=client).name == "from Python"

missing = get_dataset.sync("ds_00000000000000000000000000", client=client)
assert isinstance(missing, Problem) and missing.status == 404 and missing.code == "dataset_not_found", missing

run = list_runs.sync(client=client).data[0]
assert get_run.sync(run.id, client=client).status == "succeeded"
model = list_models.sync(client=client).data[0]
assert list_prototypes.sync(model.id, client=client, limit=3).data[0].kappa > 0

uri = "data:image/png;base64," + base64.b64encode(PICTURE.read_bytes()).decode()
answer = create_embeddings.sync(client=client, body=CreateEmbeddings(model=model.id, input_=[uri]))
vector = answer.data[0].embedding
assert abs(sum(x * x for x in vector) - 1) < 1e-3, "an embedding has unit length"
print(f"{len(seen)} datasets, a run, a model and a vector of {len(vector)} numbers through the generated client")
