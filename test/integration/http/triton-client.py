"""Triton's own client against /v2, both ways that it sends tensors; prints what it got as one line of JSON."""
import base64
import json
import sys

import numpy as np
import tritonclient.http as triton

host, key, model, *images = sys.argv[1:]
# Given out new each time: the client writes into what it is given.
BEARER = f"Bearer {key}"
client = triton.InferenceServerClient(host)
files = [base64.b64decode(image) for image in images]


def infer(binary):
    values = np.array(files if binary else [image.encode() for image in images], dtype=np.object_)
    tensor = triton.InferInput("images", [len(files)], "BYTES")
    tensor.set_data_from_numpy(values, binary_data=binary)
    outputs = [triton.InferRequestedOutput(name, binary_data=binary) for name in ("embeddings", "prototypes")]
    result = client.infer(model, [tensor], outputs=outputs, headers={"authorization": BEARER})
    return [result.as_numpy(name).tolist() for name in ("embeddings", "prototypes")]


def failure():
    try:
        client.get_model_metadata("dogs@1", headers={"authorization": BEARER})
    except triton.InferenceServerException as error:
        return str(error)


print(json.dumps({
    "live": client.is_server_live(),
    "ready": client.is_server_ready(),
    "model": client.is_model_ready(model, headers={"authorization": BEARER}),
    "metadata": client.get_model_metadata(model, headers={"authorization": BEARER}),
    "binary": infer(True),
    "json": infer(False),
    "failure": failure(),
}))
