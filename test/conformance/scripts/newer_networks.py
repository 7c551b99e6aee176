"""One training step of iBOT with the networks that came after DINO's: losses and gradients, in float64.

    python test/conformance/scripts/newer_networks.py        (torch, transformers)

Backbones are those of transformers, run on the parameters, images and masks of golden/torch_reference.json (integer formulas,
no generator of random numbers), and on more parameters of the same kind where a network has more. Run by hand; its result is
committed.
"""

import json
import pathlib

import torch
import transformers
from torch.func import functional_call
from torch.nn import functional as F

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
REFERENCE = json.loads((GOLDEN / "torch_reference.json").read_text())
C = REFERENCE["config"]
DIM, DEPTH, PATCH, BATCH = C["embed_dim"], C["depth"], C["patch"], C["batch"]
REGISTERS = 2
SIZES = dict(hidden_size=DIM, num_hidden_layers=DEPTH, num_attention_heads=C["heads"], image_size=C["global_size"],
             patch_size=PATCH, num_channels=C["in_chans"], layer_norm_eps=1e-6, attn_implementation="eager")


def numbers(shape, stream, amp, offset):
    n = torch.arange(1, torch.Size(shape).numel() + 1, dtype=torch.int64)
    u = ((3571 * n * n + (6007 + 101 * stream) * n + 7919 * stream + 1234) % 10007).double() / 10007
    return (offset + amp * (2 * u - 1)).reshape(shape)


def dino_positions(self, embeddings, height, width):
    """As DINO's training resamples them, in place of what Hugging Face does after it."""
    table, side = self.position_embeddings, height // PATCH
    stored = C["global_size"] // PATCH
    if side == stored:
        return table
    grid = table[:, 1:].reshape(1, stored, stored, -1).permute(0, 3, 1, 2)
    scale = (side + 0.1) / stored
    grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
    return torch.cat([table[:, :1], grid.flatten(2).transpose(1, 2)], 1)


def thirds(values):
    return zip(("q_proj", "k_proj", "v_proj"), values.chunk(3))


def dinov2_block(i, p):
    """Parameters of a block by their names in the module."""
    ours, theirs = f"blocks.{i}.", f"encoder.layer.{i}."
    for kind in ("weight", "bias"):
        for name, part in thirds(p[f"{ours}attn.qkv.{kind}"]):
            yield f"{theirs}attention.{name}.{kind}", part
        yield f"{theirs}attention.o_proj.{kind}", p[f"{ours}attn.proj.{kind}"]
        for norm in ("norm1", "norm2"):
            yield f"{theirs}{norm}.{kind}", p[f"{ours}{norm}.{kind}"]
        if f"{ours}mlp.w12.{kind}" in p:
            yield from zip((f"{theirs}mlp.gate_proj.{kind}", f"{theirs}mlp.up_proj.{kind}"), p[f"{ours}mlp.w12.{kind}"].chunk(2))
            yield f"{theirs}mlp.down_proj.{kind}", p[f"{ours}mlp.w3.{kind}"]
        else:
            for layer in ("fc1", "fc2"):
                yield f"{theirs}mlp.{layer}.{kind}", p[f"{ours}mlp.{layer}.{kind}"]


def dinov2(p):
    renamed = {"embeddings.cls_token": "cls_token", "embeddings.position_embeddings": "pos_embed",
               "embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
               "embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
               "embeddings.mask_token": "masked_embed", "embeddings.register_tokens": "register_tokens",
               "layernorm.weight": "norm.weight", "layernorm.bias": "norm.bias"}
    given = {theirs: p[ours] for theirs, ours in renamed.items() if ours in p}
    for i in range(DEPTH):
        given.update(dinov2_block(i, p))
    return given


def registers():
    config = transformers.Dinov2WithRegistersConfig(mlp_ratio=C["mlp_ratio"], num_register_tokens=REGISTERS, **SIZES)
    model = transformers.Dinov2WithRegistersModel(config)
    type(model.embeddings).interpolate_pos_encoding = dino_positions
    more = [dict(name="backbone.register_tokens", shape=[1, REGISTERS, DIM], stream=61, amp=0.5, offset=0.0)]
    return dict(model=model, rename=dinov2, leading=1 + REGISTERS, table=REFERENCE["parameter_table"] + more,
                network=dict(registers=REGISTERS))


def gated_table(hidden):
    """SwiGLU's layers in the place of GELU's."""
    table = [row for row in REFERENCE["parameter_table"] if ".mlp.fc" not in row["name"]]
    for i in range(DEPTH):
        name, first = f"backbone.blocks.{i}.mlp", 71 + 4 * i
        table += [
            dict(name=f"{name}.w12.weight", shape=[2 * hidden, DIM], stream=first, amp=1.2 / DIM**0.5, offset=0.0),
            dict(name=f"{name}.w12.bias", shape=[2 * hidden], stream=first + 1, amp=0.1, offset=0.0),
            dict(name=f"{name}.w3.weight", shape=[DIM, hidden], stream=first + 2, amp=1.2 / hidden**0.5, offset=0.0),
            dict(name=f"{name}.w3.bias", shape=[DIM], stream=first + 3, amp=0.1, offset=0.0),
        ]
    return table


def swiglu():
    config = transformers.Dinov2Config(mlp_ratio=C["mlp_ratio"], use_swiglu_ffn=True, **SIZES)
    model = transformers.Dinov2Model(config)
    type(model.embeddings).interpolate_pos_encoding = dino_positions
    hidden = model.encoder.layer[0].mlp.down_proj.in_features
    return dict(model=model, rename=dinov2, leading=1, table=gated_table(hidden), network=dict(gatedDim=hidden))


def dinov3(p):
    given = {"embeddings.cls_token": p["cls_token"], "embeddings.register_tokens": p["register_tokens"],
             "embeddings.patch_embeddings.weight": p["patch_embed.proj.weight"],
             "embeddings.patch_embeddings.bias": p["patch_embed.proj.bias"],
             "norm.weight": p["norm.weight"], "norm.bias": p["norm.bias"]}
    if "masked_embed" in p:
        given["embeddings.mask_token"] = p["masked_embed"].reshape(1, 1, -1)
    for i in range(DEPTH):
        # The same parts as in DINOv2, below another name; keys have no bias.
        given.update((name.replace("encoder.layer", "model.layer"), value) for name, value in dinov2_block(i, p)
                     if not name.endswith("k_proj.bias"))
    return given


def rotary():
    """Everything that DINOv3 has: rotary positions, registers, and SwiGLU as in its largest."""
    hidden = 56
    sizes = {name: value for name, value in SIZES.items()}
    config = transformers.DINOv3ViTConfig(intermediate_size=hidden, use_gated_mlp=True, hidden_act="silu",
                                          num_register_tokens=REGISTERS, **sizes)
    more = [dict(name="backbone.register_tokens", shape=[1, REGISTERS, DIM], stream=61, amp=0.5, offset=0.0)]
    table = [row for row in gated_table(hidden) if row["name"] != "backbone.pos_embed"] + more
    return dict(model=transformers.DINOv3ViTModel(config), rename=dinov3, leading=1 + REGISTERS, table=table,
                network=dict(positions="rotary", gatedDim=hidden, registers=REGISTERS))


NETWORKS = dict(registers=registers, swiglu=swiglu, rotary=rotary)


def tokens(network, parameters, images, hidden=None):
    inner = {name.removeprefix("backbone."): value for name, value in parameters.items()}
    given = network["rename"](inner)
    known = dict(network["model"].named_parameters())
    assert not set(given) - set(known), set(given) - set(known)
    # Layer scales are 1 and the teacher's mask token stays unused.
    assert all("layer_scale" in name or "mask_token" in name for name in set(known) - set(given))
    out = functional_call(network["model"], given, (images,), dict(bool_masked_pos=hidden)).last_hidden_state
    return out[:, 0], out[:, network["leading"]:]


def scores(p, x):
    """<w, y> of every prototype: norms are 1."""
    h = F.gelu(F.linear(x, p["head.mlp.0.weight"], p["head.mlp.0.bias"]))
    h = F.gelu(F.linear(h, p["head.mlp.2.weight"], p["head.mlp.2.bias"]))
    y = F.normalize(F.linear(h, p["head.mlp.4.weight"], p["head.mlp.4.bias"]), dim=-1)
    return F.linear(y, F.normalize(p["head.last_layer.weight_v"], dim=-1))


def crops(first, count, size):
    return [numbers((BATCH, C["in_chans"], size, size), 201 + first + i, 1.5, 0.0) for i in range(count)]


def step(network):
    network["model"].double().eval()
    student, teacher = {}, {}
    for row in network["table"]:
        if row["name"] == "head.last_layer.weight_g":
            continue
        value = numbers(row["shape"], row["stream"], row["amp"], row["offset"])
        student[row["name"]] = value.requires_grad_()
        if row["name"] != "backbone.masked_embed":
            teacher[row["name"]] = value.detach() + numbers(row["shape"], row["stream"] + 100, 0.05, 0.0)
    large, small = crops(0, C["n_global"], C["global_size"]), crops(C["n_global"], C["n_local"], C["local_size"])
    masks = torch.tensor(REFERENCE["masks"]).bool().flatten(2)
    center = {token: numbers((C["out_dim"],), stream, 0.1, 0.0) for token, stream in (("cls", 301), ("patch", 302))}

    with torch.no_grad():
        seen = [tokens(network, teacher, crop) for crop in large]
        targets = [torch.softmax((scores(teacher, cls) - center["cls"]) / C["teacher_temp"][0], -1) for cls, _ in seen]
        of_patches = [torch.softmax((scores(teacher, patches) - center["patch"]) / C["teacher_patch_temp"][0], -1)
                      for _, patches in seen]
    views = [tokens(network, student, crop, mask) for crop, mask in zip(large, masks)]
    views += [tokens(network, student, crop) for crop in small]
    logs = [F.log_softmax(scores(student, cls) / C["student_temp"], -1) for cls, _ in views]
    pairs = [-(target * log).sum(-1).mean() for q, target in enumerate(targets) for v, log in enumerate(logs) if v != q]
    cls_loss = sum(pairs) / len(pairs)
    patch_loss = 0
    for (_, patches), target, mask in zip(views, of_patches, masks):
        each = -(target * F.log_softmax(scores(student, patches) / C["student_temp"], -1)).sum(-1) * mask
        patch_loss = patch_loss + (each.sum(1) / mask.sum(1).clamp(min=1)).mean() / len(large)
    loss = C["lambda_cls"] * cls_loss + C["lambda_patch"] * patch_loss
    gradients = dict(zip(student, torch.autograd.grad(loss, list(student.values()), allow_unused=True)))
    return {
        "network": network["network"],
        "parameters": network["table"],
        "losses": {"loss": loss.item(), "cls_loss": cls_loss.item(), "patch_loss": patch_loss.item()},
        "gradients": {name: {"norm": g.norm().item(), "sum": g.sum().item(), "first6": g.flatten()[:6].tolist()}
                      for name, g in gradients.items()},
    }


facts = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__},
         "networks": {name: step(make()) for name, make in NETWORKS.items()}}
(GOLDEN / "newer_networks.json").write_text(json.dumps(facts) + "\n")
print(json.dumps({name: one["losses"] for name, one in facts["networks"].items()}))
