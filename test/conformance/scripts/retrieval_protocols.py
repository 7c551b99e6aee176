"""Writes test/conformance/golden/retrieval-protocols.json: copy detection and revisited Oxford/Paris as facebookresearch/dino
(7c446df) has them, in float64.

Usage: python test/conformance/scripts/retrieval_protocols.py   (numpy, torch, pillow; no random generator is used)

  tokens     golden/weights/dino-backbone.pth forward, positions as its interpolate_pos_encoding, on a square and on a grid that
             is none; class token beside GeM with p = 4 of the patches, as eval_copy_detection.py's extract_features
  copies     score_ap_from_ranks_1 over topk(20), and utils.PCA with whit = 0.5: mean removed from both sides, second moments
             of the whitening images not centered
  revisited  utils.compute_map and compute_ap (trapezoids, junk taken out of the ranking) with ks of 1, 5 and 10: Medium of easy
             and hard, Hard of hard alone
  thumbnails sizes by Image.thumbnail, and pixels of one by Lanczos at once: the default first halves large images (reducing_gap)
"""
import json
import math
import pathlib

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
IMAGES, HEADS, PATCH = 3, 2, 4


def numbers(rows, columns, stream, amplitude=1.0):
    n = np.arange(1, rows * columns + 1, dtype=np.int64)
    u = ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007) / 10007
    return np.round(amplitude * (2 * u - 1).reshape(rows, columns), 4)


# ---- tokens


def pixels(height, width):
    i = torch.arange(IMAGES * height * width * 3, dtype=torch.int64)
    x = ((i * 7919 + (i // 97) * 104729) % 256).reshape(IMAGES, height, width, 3).permute(0, 3, 1, 2).double() / 255
    mean, std = (torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (x - mean) / std


def positions(w, height, width):
    stored = math.isqrt(w["pos_embed"].shape[1] - 1)
    if height == width == stored:
        return w["pos_embed"]
    grid = w["pos_embed"][:, 1:].reshape(1, stored, stored, -1).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, scale_factor=((height + 0.1) / stored, (width + 0.1) / stored), mode="bicubic")
    assert grid.shape[-2:] == (height, width)
    return torch.cat([w["pos_embed"][:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], 1)


def last_tokens(w, images):
    norm = lambda x, name: F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-6)
    line = lambda x, name: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
    x = F.conv2d(images, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], PATCH)
    height, width = x.shape[-2:]
    x = torch.cat([w["cls_token"].expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1) + positions(w, height, width)
    for i in range(2):
        b, n, d = x.shape
        q, k, v = line(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv").reshape(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(d // HEADS), -1) @ v
        x = x + line(mixed.transpose(1, 2).reshape(b, n, d), f"blocks.{i}.attn.proj")
        x = x + line(F.gelu(line(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1")), f"blocks.{i}.mlp.fc2")
    return norm(x, "norm")


def copy_features(w, size):
    feats = last_tokens(w, pixels(size, size))
    b, h, d = len(feats), size // PATCH, feats.shape[-1]
    cls = feats[:, 0]
    feats = feats[:, 1:].reshape(b, h, h, d).clamp(min=1e-6).permute(0, 3, 1, 2)
    gem = F.avg_pool2d(feats.pow(4), (h, h)).pow(1.0 / 4).reshape(b, -1)
    return torch.cat((cls, gem), dim=1).tolist()


weights = {k: v.double() for k, v in torch.load(GOLDEN / "weights" / "dino-backbone.pth", weights_only=True).items()}


# ---- copies


def score_ap(ranks, nres):
    ap = 0.0
    for ntp, rank in enumerate(ranks):
        precision_0 = 1.0 if rank == 0 else ntp / float(rank)
        ap += (precision_0 + (ntp + 1) / float(rank + 1)) / (2.0 * nres)
    return ap


def whitening_of(features):
    d, v = np.linalg.eigh(features.T @ features / len(features))
    d[d < d.max() * 1e-5] = d.max() * 1e-5
    order = np.argsort(d)[::-1]
    return features.mean(axis=0), np.diag(1.0 / d[order] ** 0.5) @ v[:, order].T


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def copy_maps(database, queries, blocks, whitening):
    if whitening is not None:
        mean, dvt = whitening_of(whitening)
        database, queries = (database - mean) @ dvt.T, (queries - mean) @ dvt.T
    similarity = torch.from_numpy(unit(queries) @ unit(database).T)
    ids = similarity.topk(20, largest=True, sorted=True)[1].numpy()
    maps = {}
    for block, rows in blocks.items():
        aps = []
        for q, positives in rows:
            aps.append(score_ap([rank for rank, i in enumerate(ids[q]) if i in positives], len(positives)))
        maps[block] = float(np.mean(aps))
    return maps


DIM, ORIGINALS = 7, 13
originals = numbers(ORIGINALS, DIM, 71) + 0.3
distractors = numbers(40, DIM, 72) + 0.3
original_names = [f"{200000 + 100 * (i // 2) + i % 2}.jpg" for i in range(ORIGINALS)]
copies, copy_names, blocks = [], [], {}
for block, count, noise, stream in (("strong", 11, 1.6, 73), ("jpegqual/3", 6, 0.5, 74), ("", 4, 0.8, 75)):
    added = numbers(count, DIM, stream, noise)
    rows = []
    for i in range(count):
        of = (5 * i + 1) % ORIGINALS
        group = 2000 + of // 2
        rows.append((len(copies), [j for j, name in enumerate(original_names) if name[:4] == str(group)]))
        copies.append(originals[of] + added[i])
        copy_names.append(f"{block}{'/' if block else ''}{100 * group + 10 + i}.jpg")
    blocks["map" + "".join(f"_{part}" for part in block.split("/") if part)] = rows
copies = np.round(np.stack(copies), 4)
database = np.concatenate([originals, distractors])
many, few = numbers(30, DIM, 76) + 0.3, numbers(4, DIM, 77) + 0.3


# ---- revisited Oxford and Paris


def compute_ap(ranks, nres):
    ap = 0
    for j, rank in enumerate(ranks):
        precision_0 = 1.0 if rank == 0 else float(j) / rank
        ap += (precision_0 + float(j + 1) / (rank + 1)) * (1.0 / nres) / 2.0
    return ap


def compute_map(ranks, gnd, kappas):
    aps, prs = [], []
    for i, g in enumerate(gnd):
        if len(g["ok"]) == 0:
            continue
        pos = np.arange(len(ranks))[np.isin(ranks[:, i], g["ok"])]
        junk = np.arange(len(ranks))[np.isin(ranks[:, i], g["junk"])]
        k = ij = 0
        if len(junk):
            for ip in range(len(pos)):
                while ij < len(junk) and pos[ip] > junk[ij]:
                    k += 1
                    ij += 1
                pos[ip] = pos[ip] - k
        aps.append(compute_ap(pos, len(g["ok"])))
        pos = pos + 1
        prs.append([(pos <= min(max(pos), kappa)).sum() / min(max(pos), kappa) for kappa in kappas])
    return dict(map=float(np.mean(aps)), precisions=np.mean(prs, axis=0).tolist(), aps=[float(ap) for ap in aps])


gallery, asked = numbers(45, DIM, 81) + 0.2, numbers(6, DIM, 82) + 0.2
gnd = []
for q in range(6):
    mixed = ((np.arange(45) * 7 + 11 * q) % 45).tolist()
    easy, hard, junk = mixed[: 3 + q], mixed[10 : 14 - (q % 3)], mixed[20 : 24 + q]
    gnd.append(dict(easy=easy, hard=[] if q == 4 else hard, junk=junk))
gnd[5] = dict(easy=[], hard=[], junk=[3])
ranks = np.argsort(-(unit(gallery) @ unit(asked).T), axis=0, kind="stable")
medium = [dict(ok=g["easy"] + g["hard"], junk=g["junk"]) for g in gnd]
hard = [dict(ok=g["hard"], junk=g["junk"] + g["easy"]) for g in gnd]

def thumbnail(image, side):
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    return image


SIZES = [(1024, 768, 224), (768, 1024, 224), (1023, 683, 224), (500, 37, 64), (37, 500, 64), (333, 334, 100), (3000, 7, 50), (40, 30, 64), (65, 64, 64)]
plane = ((np.arange(60 * 44) * 7919 + np.arange(60 * 44) // 97 * 104729) % 256).astype(np.uint8).reshape(44, 60)

document = dict(
    source="test/conformance/scripts/retrieval_protocols.py",
    torch=torch.__version__.split("+")[0],
    copy_features=copy_features(weights, 24),
    class_tokens=dict(height=20, width=12, rows=last_tokens(weights, pixels(20, 12))[:, 0].tolist()),
    thumbnails=dict(
        sizes=[dict(of=[w, h], side=s, size=list(thumbnail(Image.new("L", (w, h)), s).size)) for w, h, s in SIZES],
        of=[60, 44],
        box=[10.5, 3.5, 55.2, 40.6],
        side=21,
        size=list(thumbnail(Image.fromarray(plane).crop((10.5, 3.5, 55.2, 40.6)), 21).size),
        pixels=np.asarray(thumbnail(Image.fromarray(plane).crop((10.5, 3.5, 55.2, 40.6)), 21)).flatten().tolist(),
    ),
    dim=DIM,
    copies=dict(
        originals=originals.tolist(),
        original_names=original_names,
        distractors=distractors.tolist(),
        copies=copies.tolist(),
        copy_names=copy_names,
        whitening=many.tolist(),
        few=few.tolist(),
        plain=copy_maps(database, copies, blocks, None),
        whitened=copy_maps(database, copies, blocks, many),
        whitened_by_few=copy_maps(database, copies, blocks, few),
    ),
    revisited=dict(
        gallery=gallery.tolist(),
        queries=asked.tolist(),
        gnd=gnd,
        medium=compute_map(ranks, medium, [1, 5, 10]),
        hard=compute_map(ranks, hard, [1, 5, 10]),
    ),
)
OUT = GOLDEN / "retrieval-protocols.json"
OUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")
print("wrote", OUT.name, OUT.stat().st_size, "bytes", document["copies"]["plain"], document["copies"]["whitened"],
      document["copies"]["whitened_by_few"], document["revisited"]["medium"], document["revisited"]["hard"])
