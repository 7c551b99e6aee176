"""Writes test/conformance/golden/linear-probe.json: a linear classifier trained by PyTorch's SGD in float64.

Usage: python test/conformance/scripts/linear_probe.py   (torch >= 1.13; the numbers need no random generator)

As in DINO's eval_linear.py: nn.Linear, cross-entropy, SGD with momentum 0.9 and no weight decay, CosineAnnealingLR over
epochs with eta_min 0; 4 epochs of 22 rows in batches of 8, so that the last batch of each is smaller.
"""
import json
import pathlib

import torch

DTYPE = torch.float64
OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "linear-probe.json"
ROWS, DIM, CLASSES, BATCH, EPOCHS = 22, 9, 4, 8, 4


def numbers(rows, columns, stream, amplitude=1.0):
    n = torch.arange(1, rows * columns + 1, dtype=torch.int64)
    u = ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007).to(DTYPE) / 10007
    return (amplitude * (2 * u - 1)).reshape(rows, columns)


features = numbers(ROWS, DIM, 61, 3.0)
labels = torch.tensor([(3 * i + i // 5) % CLASSES for i in range(ROWS)])
begin = numbers(CLASSES, DIM, 62, 0.02)
heads = []
for rate in [0.02, 0.5]:
    model = torch.nn.Linear(DIM, CLASSES).to(DTYPE)
    with torch.no_grad():
        model.weight.copy_(begin)
        model.bias.zero_()
    optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9, weight_decay=0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS, eta_min=0)
    losses = []
    for epoch in range(EPOCHS):
        for start in range(0, ROWS, BATCH):
            loss = torch.nn.functional.cross_entropy(model(features[start:start + BATCH]), labels[start:start + BATCH])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    heads.append(dict(rate=rate, losses=losses, weight=model.weight.detach().tolist(), bias=model.bias.detach().tolist()))

document = dict(
    source="test/conformance/scripts/linear_probe.py",
    torch=torch.__version__.split("+")[0],
    batch=BATCH,
    epochs=EPOCHS,
    features=features.tolist(),
    labels=labels.tolist(),
    begin=begin.tolist(),
    heads=heads,
)
OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print("wrote", OUT.name, OUT.stat().st_size, "bytes")
