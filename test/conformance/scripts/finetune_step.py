"""Writes test/conformance/golden/finetune-step.json: steps of a small ViT and a linear classifier, by PyTorch in float64.

Usage: python test/conformance/scripts/finetune_step.py   (torch >= 2.0; the numbers need no random generator)

The backbone's parameters are those of golden/torch_reference.json (integer formulas); the network is timm's and DINO's
VisionTransformer written out. Cross-entropy with smoothed labels, AdamW with DeiT's groups: matrices are decayed; biases, norms,
the class token and positions are not. Each step has a rate of its own.
"""
import json
import pathlib

import torch
from torch.nn import functional as F

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
REFERENCE = json.loads((GOLDEN / "torch_reference.json").read_text())
C = REFERENCE["config"]
DIM, DEPTH, HEADS, PATCH, CHANNELS, SIZE = (C[k] for k in ("embed_dim", "depth", "heads", "patch", "in_chans", "global_size"))
BATCH, CLASSES, SMOOTHING, DECAY, RATES = 5, 6, 0.1, 0.05, [2e-3, 1e-3]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def integers(count, stream):
    n = torch.arange(1, count + 1, dtype=torch.int64)
    return (3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007


def numbers(shape, stream, amp, offset):
    return (offset + amp * (2 * integers(torch.Size(shape).numel(), stream).double() / 10007 - 1)).reshape(shape)


TABLE = [row for row in REFERENCE["parameter_table"]
         if row["name"].startswith("backbone.") and row["name"] != "backbone.masked_embed"]
TABLE += [dict(name="classifier.weight", shape=[CLASSES, DIM], stream=91, amp=0.3, offset=0.0),
          dict(name="classifier.bias", shape=[CLASSES], stream=92, amp=0.1, offset=0.0)]
P = {row["name"]: numbers(row["shape"], row["stream"], row["amp"], row["offset"]).requires_grad_() for row in TABLE}


def layer(name, x):
    return F.linear(x, P[f"{name}.weight"], P[f"{name}.bias"])


def norm(name, x):
    return F.layer_norm(x, (DIM,), P[f"{name}.weight"], P[f"{name}.bias"], C["ln_eps"])


def logits(pixels):
    """pixels uint8 [N, S, S, C]"""
    x = (pixels.double() / 255 - torch.tensor(MEAN, dtype=torch.float64)) / torch.tensor(STD, dtype=torch.float64)
    x = F.conv2d(x.permute(0, 3, 1, 2), P["backbone.patch_embed.proj.weight"], P["backbone.patch_embed.proj.bias"], stride=PATCH)
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat([P["backbone.cls_token"].expand(len(x), -1, -1), x], 1) + P["backbone.pos_embed"]
    for i in range(DEPTH):
        name = f"backbone.blocks.{i}"
        q, k, v = layer(f"{name}.attn.qkv", norm(f"{name}.norm1", x)).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + layer(f"{name}.attn.proj", mixed)
        x = x + layer(f"{name}.mlp.fc2", F.gelu(layer(f"{name}.mlp.fc1", norm(f"{name}.norm2", x))))
    return layer("classifier", norm("backbone.norm", x)[:, 0])


def summary(values):
    return dict(norm=values.norm().item(), sum=values.sum().item(), first6=values.flatten()[:6].tolist())


TOKENS = ("backbone.cls_token", "backbone.pos_embed")
decayed = [name for name, value in P.items() if value.ndim > 1 and name not in TOKENS]
groups = [dict(params=[P[name] for name in decayed], weight_decay=DECAY),
          dict(params=[value for name, value in P.items() if name not in decayed], weight_decay=0.0)]
optimizer = torch.optim.AdamW(groups, lr=RATES[0])
steps = []
for i, rate in enumerate(RATES):
    pixels = (integers(BATCH * SIZE * SIZE * CHANNELS, 401 + i) % 256).reshape(BATCH, SIZE, SIZE, CHANNELS)
    labels = [(3 * n + i) % CLASSES for n in range(BATCH)]
    for group in optimizer.param_groups:
        group["lr"] = rate
    given = logits(pixels)
    loss = F.cross_entropy(given, torch.tensor(labels), label_smoothing=SMOOTHING)
    optimizer.zero_grad()
    loss.backward()
    gradients = {name: summary(value.grad) for name, value in P.items()}
    optimizer.step()
    after = {name: summary(value.detach()) for name, value in P.items()}
    steps.append(dict(rate=rate, stream=401 + i, labels=labels, logits=given.detach().flatten().tolist(), loss=loss.item(),
                      gradients=gradients, after=after))

document = dict(source="test/conformance/scripts/finetune_step.py", torch=torch.__version__.split("+")[0], batch=BATCH,
                classes=CLASSES, label_smoothing=SMOOTHING, weight_decay=DECAY, mean=MEAN, std=STD, parameters=TABLE, steps=steps)
(GOLDEN / "finetune-step.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
print([step["loss"] for step in steps], (GOLDEN / "finetune-step.json").stat().st_size, "bytes")
