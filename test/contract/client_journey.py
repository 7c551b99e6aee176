"""A first journey with clients/python: generated calls make, list, find, refuse and embed, helpers wait and follow."""

import base64
import os
import pathlib

from kappa_client import Kappa
from kappa_client import Problem as Refused
from kappa_client.generated.api.datasets import create_dataset, get_dataset, list_datasets
from kappa_client.generated.api.models import list_models, list_prototypes
from kappa_client.generated.api.runs import get_run, list_runs
from kappa_client.generated.api.serving import create_embeddings
from kappa_client.generated.models import CreateDataset, CreateEmbeddings, Problem

ROOT = pathlib.Path(__file__).parents[2]
PICTURE = ROOT / "docs/images/boot.png"
IMAGES = ROOT / "examples/fashion-mnist/t10k-images-idx3-ubyte.gz"

kappa = Kappa(os.environ["KAPPA_URL"], os.environ["KAPPA_API_KEY"])
client = kappa.api

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

assert kappa.runs.wait(run.id)["model"] == model.id
events = list(kappa.runs.stream(run.id))
assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "an event is missing, or came twice"
assert [events[-1]] == list(kappa.runs.stream(run.id, after=len(events) - 1))

images = [PICTURE, PICTURE.read_bytes(), PICTURE]
vectors = list(kappa.embeddings.create(model.id, images, batch=2))
assert len(vectors) == 3 and all(max(abs(a - b) for a, b in zip(one, vector, strict=True)) < 1e-4 for one in vectors)

in_bytes = list(kappa.embeddings.create(model.id, images, output_dtype="int8"))
assert len(in_bytes) == 3 and all(max(map(abs, one)) == 127 for one in in_bytes), "the largest number of int8 is 127"

told: list[tuple[int, int]] = []
upload = kappa.uploads.file(created.id, IMAGES, progress=lambda *both: told.append(both))
assert upload["status"] == "completed" and told[-1] == (IMAGES.stat().st_size,) * 2, (upload, told)

try:
    kappa.runs.get("run_00000000000000000000000000")
    raise AssertionError("a run that is not there was found")
except Refused as refused:
    assert (refused.status, refused.code) == (404, "run_not_found"), refused
print(f"{len(seen)} datasets, a run of {len(events)} events, a model and a vector of {len(vector)} numbers")
