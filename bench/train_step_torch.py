"""The peer of bench/train-step.ts: the same full DINO-vMF step in PyTorch, written as its best users write it.

Reads commands from stdin, one JSON a line ({"schedules": [...]}), answers one JSON a line, and ends with its input.
argv[1] is a folder with plan.json, state.bin and batch.bin, made by the bench. On a GPU and with autocast it is the same step:
scaled_dot_product_attention, fused AdamW, clipping of every parameter, EMA by one foreach.
"""
import json
import math
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

folder = sys.argv[1]
plan = json.load(open(os.path.join(folder, "plan.json")))
torch.set_num_threads(plan["threads"])
device = torch.device(plan["device"])
on_gpu = device.type == "cuda"
if on_gpu:  # what autocast leaves in float32
    torch.set_float32_matmul_precision("high")
amp = torch.autocast(device.type, dtype=torch.bfloat16, enabled=plan["amp"])
net = plan["network"]
depth, heads, patch, dim = net["depth"], net["heads"], net["patchSize"], net["dim"]
batch, n_global, n_local = plan["batchSize"], plan["globalCrops"], plan["localCrops"]

raw = torch.frombuffer(bytearray(open(os.path.join(folder, "state.bin"), "rb").read()), dtype=torch.float32).to(device)
state = {e["name"]: raw[e["offset"]:e["offset"] + e["count"]].reshape(e["shape"]) for e in plan["tensors"]}
student = {n[8:]: v.clone().requires_grad_(True) for n, v in state.items() if n.startswith("student.")}
teacher = {n[8:]: v.clone() for n, v in state.items() if n.startswith("teacher.")}
center = state["center.cls"].clone()
del state, raw
names = list(student)
decayed = [n for n in names if student[n].dim() >= 2 and not n.endswith(".bias")]
plain = [n for n in names if n not in set(decayed)]
kind = {plan["optimizer"]: True}
optimizer = torch.optim.AdamW(
    [{"params": [student[n] for n in decayed]}, {"params": [student[n] for n in plain], "weight_decay": 0.0}], **kind)

pixels = torch.frombuffer(bytearray(open(os.path.join(folder, "batch.bin"), "rb").read()), dtype=torch.uint8)
pixels = pixels.pin_memory() if on_gpu else pixels
size, local_size, channels = net["imageSize"], plan["localSize"], net["channels"]
n_g = n_global * batch * size * size * channels
global_u8 = pixels[:n_g].reshape(n_global * batch, size, size, channels)
local_u8 = pixels[n_g:].reshape(n_local * batch, local_size, local_size, channels)
mean = torch.tensor(plan["pixels"]["mean"], device=device).reshape(1, -1, 1, 1)
std = torch.tensor(plan["pixels"]["std"], device=device).reshape(1, -1, 1, 1)


def normalize(u8):
    return u8.permute(0, 3, 1, 2).float().div_(255).sub_(mean).div_(std)


def positions(pos, side):
    stored = int(math.sqrt(pos.shape[1] - 1))
    if stored == side:
        return pos
    grid = pos[:, 1:].reshape(1, stored, stored, -1).permute(0, 3, 1, 2)
    scale = (side + 0.1) / stored
    grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    return torch.cat([pos[:, :1], grid.permute(0, 2, 3, 1).reshape(1, side * side, -1)], dim=1)


def backbone(p, x):
    side = x.shape[-1] // patch
    z = F.conv2d(x, p["backbone.patch_embed.proj.weight"], p["backbone.patch_embed.proj.bias"], stride=patch)
    z = z.flatten(2).transpose(1, 2)
    z = torch.cat([p["backbone.cls_token"].expand(z.shape[0], -1, -1), z], dim=1)
    z = z + positions(p["backbone.pos_embed"], side)
    b, t, _ = z.shape
    for i in range(depth):
        w = lambda name: p["backbone.blocks.%d.%s" % (i, name)]
        y = F.layer_norm(z, (dim,), w("norm1.weight"), w("norm1.bias"), 1e-6)
        qkv = F.linear(y, w("attn.qkv.weight"), w("attn.qkv.bias"))
        q, k, v = qkv.reshape(b, t, 3, heads, dim // heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, dim)
        z = z + F.linear(y, w("attn.proj.weight"), w("attn.proj.bias"))
        y = F.layer_norm(z, (dim,), w("norm2.weight"), w("norm2.bias"), 1e-6)
        y = F.gelu(F.linear(y, w("mlp.fc1.weight"), w("mlp.fc1.bias")))
        z = z + F.linear(y, w("mlp.fc2.weight"), w("mlp.fc2.bias"))
    return F.layer_norm(z[:, 0], (dim,), p["backbone.norm.weight"], p["backbone.norm.bias"], 1e-6)


def bottleneck(p, x):
    x = F.gelu(F.linear(x, p["head.mlp.0.weight"], p["head.mlp.0.bias"]))
    x = F.gelu(F.linear(x, p["head.mlp.2.weight"], p["head.mlp.2.bias"]))
    return F.normalize(F.linear(x, p["head.mlp.4.weight"], p["head.mlp.4.bias"]), dim=-1)


def delta_log_cp(kappa, p):
    nu = p / 2 - 1
    s = torch.sqrt(nu * nu + kappa * kappa)
    r, q = 1 / s, (nu / s) ** 2
    e = r * ((3 - 5 * q) / 24 + r * ((81 - 462 * q + 385 * q ** 2) / 1152
             + r * (30375 - 369603 * q + 765765 * q ** 2 - 425425 * q ** 3) / 414720))
    d = kappa * kappa / (s + nu)
    return nu * torch.log1p(d / (2 * nu)) - d + 0.5 * torch.log1p(d / nu) - torch.log1p(e)


def logits(p, y, tau):
    g, v = p["head.last_layer.weight_g"], p["head.last_layer.weight_v"]
    w = torch._weight_norm(v, g, 0)
    if plan["amp"]:  # addmm would round log C_p
        return F.linear(y / tau, w).float() + delta_log_cp(g.abs().flatten() / tau, v.shape[1])
    return torch.addmm(delta_log_cp(g.abs().flatten() / tau, v.shape[1]), y / tau, w.t())


def objective(glob_u8, loc_u8, center, teacher_temperature):
    glob, loc = normalize(glob_u8), normalize(loc_u8)
    with torch.no_grad():
        lt = logits(teacher, bottleneck(teacher, backbone(teacher, glob)), teacher_temperature)
        target = torch.softmax(lt - center, dim=-1).reshape(n_global, batch, -1)
        log_mean = torch.logsumexp(torch.log_softmax(lt, dim=-1), dim=0) - math.log(lt.shape[0])
        every = target.sum(0, keepdim=True)
        targets = torch.cat([every - target, every.expand(n_local, -1, -1)])
        moved = center * plan["centerMomentum"] + log_mean * (1 - plan["centerMomentum"])
    features = torch.cat([backbone(student, glob), backbone(student, loc)])
    ls = logits(student, bottleneck(student, features), plan["studentTemperature"])
    log_p = torch.log_softmax(ls, dim=-1).reshape(n_global + n_local, batch, -1)
    loss = -(targets * log_p).sum() / (batch * n_global * (n_global + n_local - 1))
    return loss, moved


def step(s):
    global center
    for i, group in enumerate(optimizer.param_groups):
        group["lr"] = s["learningRate"]
        if i == 0:
            group["weight_decay"] = s["weightDecay"]
    crops = [u8.to(device, non_blocking=True) for u8 in (global_u8, local_u8)]
    with amp:
        loss, center = objective(*crops, center, s["teacherTemperature"])
    loss.backward()
    with torch.no_grad():
        grads = [student[n].grad for n in names]
        if plan["clipGrad"] > 0:
            norms = torch.stack(torch._foreach_norm(grads))
            factors = (plan["clipGrad"] / (norms + 1e-6)).clamp(max=1.0)
            torch._foreach_mul_(grads, list(factors.unbind()))
        optimizer.step()
        torch._foreach_lerp_([teacher[n] for n in names], [student[n].detach() for n in names], 1 - s["teacherMomentum"])
        optimizer.zero_grad(set_to_none=True)
    value = loss.item()
    if on_gpu:
        torch.cuda.synchronize()
    return value


# Not dynamic: each crop size gets code of its own. What lies behind the logits is slower compiled, on CPUs 0.42 s for 0.11.
if plan["compile"]:
    backbone, bottleneck, logits = [torch.compile(f, dynamic=False) for f in (backbone, bottleneck, logits)]

name = torch.cuda.get_device_name() if on_gpu else "cpu"
print(json.dumps({"torch": torch.__version__, "device": name, "amp": plan["amp"]}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    losses, times = [], []
    if on_gpu:  # of this turn: compilation takes more, once
        torch.cuda.reset_peak_memory_stats()
    cpu_begin = time.process_time()
    for schedule in command["schedules"]:
        begin = time.perf_counter()
        losses.append(step(schedule))
        times.append((time.perf_counter() - begin) * 1e3)
    peak = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    cpu = (time.process_time() - cpu_begin) * 1e3 / len(times)
    print(json.dumps({"losses": losses, "ms": times, "cpuMs": cpu, "peakBytes": peak}), flush=True)
