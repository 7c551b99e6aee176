"""Is a model folder what other tools expect? Run by hand on what `kappa export` or `kappa import` wrote:

    python test/conformance/scripts/check_model.py MODEL_FOLDER        (torch, transformers, onnx, onnxruntime)

Loads huggingface/ with transformers, without a missing or unexpected tensor, compares its class token with the ONNX files,
and checks those with the ONNX checker.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import transformers

folder = pathlib.Path(sys.argv[1])
config = json.loads((folder / "config.json").read_text())
kind = json.loads((folder / "huggingface" / "config.json").read_text())["model_type"]
without_pooler = {"add_pooling_layer": False} if kind == "vit" else {}
model, info = transformers.AutoModel.from_pretrained(folder / "huggingface", output_loading_info=True, **without_pooler)
problems = {name: sorted(map(str, info[name])) for name in ("missing_keys", "unexpected_keys", "mismatched_keys") if info[name]}
assert not problems, problems
print(f"{type(model).__name__}: no missing, unexpected or mismatched keys; {sum(p.numel() for p in model.parameters())} parameters")
processor = transformers.AutoImageProcessor.from_pretrained(folder / "huggingface")
print(f"{type(processor).__name__}: mean {processor.image_mean}, std {processor.image_std}, crop {processor.crop_size}")

size, channels = config["imageSize"], config["channels"]
images = np.random.default_rng(0).integers(0, 256, (64, size, size, channels), dtype=np.uint8)
mean, std = (np.asarray(config["normalization"][name], dtype=np.float32) for name in ("mean", "std"))
pixels = torch.from_numpy(((images / np.float32(255) - mean) / std).transpose(0, 3, 1, 2).copy())
with torch.no_grad():
    expected = torch.nn.functional.normalize(model.eval()(pixels).last_hidden_state[:, 0], dim=-1).numpy()

for path in sorted(folder.glob("*.onnx")):
    onnx.checker.check_model(str(path), full_check=True)
    opsets = {entry.domain or "ai.onnx": entry.version for entry in onnx.load(str(path), load_external_data=False).opset_import}
    assert opsets["ai.onnx"] == config["onnxOpset"], opsets
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, {"images": images})))
    error = float(np.abs(outputs["embedding"] - expected).max())
    assert error <= 1e-4, error
    print(f"{path.name}: checked, opsets {opsets}; embeddings of 64 images agree with transformers to {error:.1e}")
