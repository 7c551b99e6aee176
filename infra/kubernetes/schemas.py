"""Schemas as kubeconform reads them: schemas.py TO FROM-PACKAGE [CRD.yaml ...]

Of Kubernetes, from the package kubernetes-validate, whose references begin with a path that is nowhere; and of custom resources,
from their definitions. Strict: a property that no schema has is an error, as it is for `kubectl apply --validate=strict`.
"""
import json
import pathlib
import sys

import yaml

VERSION = "v1.33.0-local-strict"


def strict(schema):
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    keeps = made.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in made
    if isinstance(schema.get("properties"), dict) and made.get("type") == "object" and not keeps:
        made["additionalProperties"] = False
    return made


target, package, *definitions = sys.argv[1:]
to = pathlib.Path(target)
to.mkdir(parents=True, exist_ok=True)
for path in pathlib.Path(package, "kubernetes-json-schema", VERSION).glob("*.json"):
    schema = json.loads(path.read_text().replace('"/api/_definitions.json', '"_definitions.json'))
    # References are relative to it, and it names a place on the web.
    schema.pop("$id", None)
    (to / path.name).write_text(json.dumps(schema))
for path in definitions:
    spec = yaml.safe_load(pathlib.Path(path).read_text())["spec"]
    group = spec["group"].split(".")[0]
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        # An object's metadata is checked by the API server alone, and says no more here than that it is an object.
        schema["properties"]["metadata"] = {"type": "object"}
        name = f"{spec['names']['kind'].lower()}-{group}-{version['name']}.json"
        (to / name).write_text(json.dumps(schema))
