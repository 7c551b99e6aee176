"""The peer of bench/embed.ts: JPEG in, unit vector out, by PIL, torchvision and PyTorch, as its best users write it.

argv[1] is a JSON file: {"photos": folder, "weights": safetensors, "network": …, "preprocessing": …, "normalization": …, "threads", "batch",
"compile"}. Reads {"images": N} a line from stdin, answers {"seconds", "cpuSeconds"} a line, and ends with its input.
"""
import glob
import json
import os
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from PIL import Image
from torchvision import transforms as T

plan = json.load(open(sys.argv[1]))
net = plan["network"]
torch.set_num_threads(plan["threads"])
heads, patch, depth = net["heads"], net["patchSize"], net["depth"]


def read_safetensors(path):
    raw = open(path, "rb").read()
    (size,) = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + size])
    body = memoryview(bytearray(raw[8 + size:]))
    return {name: torch.frombuffer(body[slice(*entry["data_offsets"])], dtype=torch.float32).reshape(entry["shape"])
            for name, entry in head.items() if name != "__metadata__"}


w = {name.removeprefix("backbone."): tensor for name, tensor in read_safetensors(plan["weights"]).items()}
# Stored as [patch · patch · channels, dim], or as a convolution has it.
kernel = w["patch_embed.proj.weight"]


def linear(x, name):
    return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def norm(x, name):
    return F.layer_norm(x, (x.shape[-1],), w[f"{name}.weight"], w[f"{name}.bias"], 1e-6)


def embed(x):
    x = F.conv2d(x, kernel, w["patch_embed.proj.bias"], stride=patch).flatten(2).transpose(1, 2)
    x = torch.cat([w["cls_token"].expand(x.shape[0], -1, -1), x], 1) + w["pos_embed"]
    batch, tokens, dim = x.shape
    for i in range(depth):
        qkv = linear(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv")
        q, k, v = qkv.reshape(batch, tokens, 3, heads, dim // heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, tokens, dim)
        x = x + linear(y, f"blocks.{i}.attn.proj")
        x = x + linear(F.gelu(linear(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1")), f"blocks.{i}.mlp.fc2")
    return F.normalize(norm(x, "norm")[:, 0], dim=-1)


run = torch.compile(embed) if plan["compile"] else embed
see = T.Compose([
    T.Resize(plan["preprocessing"]["side"], interpolation=T.InterpolationMode.BICUBIC),
    T.CenterCrop(plan["preprocessing"]["crop"]),
    T.ToTensor(),
    T.Normalize(plan["normalization"]["mean"], plan["normalization"]["std"]),
])
photos = sorted(glob.glob(os.path.join(plan["photos"], "*.jpg")))
# Threads, since PIL lets go of the interpreter while it decodes: nothing is copied between processes.
readers = ThreadPoolExecutor(plan["threads"])


def load(paths):
    return torch.stack(list(readers.map(lambda path: see(Image.open(path).convert("RGB")), paths)))


def embed_all(paths):
    batches = [paths[i:i + plan["batch"]] for i in range(0, len(paths), plan["batch"])]
    ahead = ThreadPoolExecutor(1)
    coming = ahead.submit(load, batches[0])
    vectors = []
    with torch.inference_mode():
        for i in range(len(batches)):
            pixels = coming.result()
            if i + 1 < len(batches):
                coming = ahead.submit(load, batches[i + 1])
            vectors.append(run(pixels))
    return torch.cat(vectors)


first = embed_all(photos[:plan["batch"]])
print(json.dumps({"version": torch.__version__, "vector": first[0].tolist()}), flush=True)
for line in sys.stdin:
    count = json.loads(line)["images"]
    paths = (photos * (count // len(photos) + 1))[:count]
    cpu, start = time.process_time(), time.perf_counter()
    embed_all(paths)
    print(json.dumps({"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu}), flush=True)
