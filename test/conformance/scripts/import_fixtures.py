"""Weights as other tools save them, and what those tools compute from them: fixtures of the import tests.

    python test/conformance/scripts/import_fixtures.py        (torch, timm, transformers, safetensors)

Tiny networks with random weights, so that all files together stay small. timm and transformers save their own models. The
models of the DINO, iBOT and DINOv2 repositories are written down here from their published state dicts: the names, shapes
and containers are theirs, the code is not. Run by hand; its results are committed.
"""

import argparse
import json
import math
import pathlib
from collections import OrderedDict

import timm
import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "weights"
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALVES = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
IMAGES = 3


def pixels(size, channels=3):
    """uint8 [IMAGES, size, size, channels], the same numbers as in the test."""
    count = IMAGES * size * size * channels
    i = torch.arange(count, dtype=torch.int64)
    return ((i * 7919 + (i // 97) * 104729) % 256).reshape(IMAGES, size, size, channels)


def inputs(size, normalization, channels=3):
    mean, std = (torch.tensor(v[:channels]).reshape(1, channels, 1, 1) for v in normalization)
    return (pixels(size, channels).permute(0, 3, 1, 2).float() / 255 - mean) / std


def shake(module, scale=1.0):
    """Random weights of a size at which every part matters; the defaults leave biases, norms and gammas trivial."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            noise = torch.randn_like(p)
            if name.endswith(("norm1.weight", "norm2.weight", "norm.weight", "gamma", "lambda1", "weight_g")):
                p.copy_(1 + 0.3 * noise)
            elif "layernorm" in name and name.endswith("weight"):
                p.copy_(1 + 0.3 * noise)
            else:
                p.copy_(scale * 0.15 * noise)


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(d // self.heads), -1) @ v
        return self.proj(mixed.transpose(1, 2).reshape(b, n, d))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class SwiGlu(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        hidden = (int(hidden * 2 / 3) + 7) // 8 * 8
        self.w12 = nn.Linear(dim, 2 * hidden)
        self.w3 = nn.Linear(hidden, dim)

    def forward(self, x):
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


class Scale(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, dim, heads, ratio, layer_scale, swiglu):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads)
        if layer_scale:
            self.ls1 = Scale(dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = (SwiGlu if swiglu else Mlp)(dim, ratio * dim)
        if layer_scale:
            self.ls2 = Scale(dim)

    def forward(self, x):
        a = self.attn(self.norm1(x))
        x = x + (self.ls1(a) if hasattr(self, "ls1") else a)
        m = self.mlp(self.norm2(x))
        return x + (self.ls2(m) if hasattr(self, "ls2") else m)


class Patches(nn.Module):
    def __init__(self, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)


class Vit(nn.Module):
    """The state dict of the three repositories' vision transformers."""

    def __init__(self, *, dim, depth, heads, patch, grid, ratio, layer_scale=False, mask=None, registers=0,
                 swiglu=False):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, grid * grid + 1, dim))
        if mask:
            self.register_parameter(mask, nn.Parameter(torch.zeros(1, dim)))
        if registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, registers, dim))
        self.patch_embed = Patches(dim, patch)
        self.blocks = nn.ModuleList(Block(dim, heads, ratio, layer_scale, swiglu) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def positions(self, side):
        stored = int(math.sqrt(self.pos_embed.shape[1] - 1))
        if side == stored:
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, stored, stored, -1).permute(0, 3, 1, 2)
        scale = (side + 0.1) / stored
        if hasattr(self, "register_tokens"):
            # What torch.hub's dinov2_*_reg ask for: interpolate_antialias=True, interpolate_offset=0.
            grid = F.interpolate(grid, size=(side, side), mode="bicubic", antialias=True)
        else:
            grid = F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")
        assert grid.shape[-1] == side
        return torch.cat([self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)], 1)

    def forward(self, x):
        x = self.patch_embed.proj(x)
        side = x.shape[-1]
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.positions(side)
        if hasattr(self, "register_tokens"):
            x = torch.cat([x[:, :1], self.register_tokens.expand(len(x), -1, -1), x[:, 1:]], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 0]


class Head(nn.Module):
    def __init__(self, dim, hidden, bottleneck, k, k_patch=None):
        super().__init__()
        gelu = nn.GELU
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), gelu(), nn.Linear(hidden, hidden), gelu(), nn.Linear(hidden, bottleneck))
        self.last_layer = nn.utils.weight_norm(nn.Linear(bottleneck, k, bias=False))
        if k_patch:
            self.last_layer2 = nn.utils.weight_norm(nn.Linear(bottleneck, k_patch, bias=False))

    def forward(self, x):
        y = F.normalize(self.mlp(x), dim=-1)
        return y, F.linear(y, F.normalize(self.last_layer.weight_v, dim=-1))


def unit(x):
    return F.normalize(x, dim=-1).double().flatten(1).tolist()


def forward(model, sizes, normalization=IMAGENET):
    model.eval()
    with torch.no_grad():
        return {str(size): unit(model(inputs(size, normalization))) for size in sizes}


CASES = {}


def case(name, **facts):
    CASES[name] = facts


def official(name, *, sizes, half=False, heads=2, keep=None, container=lambda state: state, **shape):
    torch.manual_seed(len(CASES))
    dim = shape.pop("dim", 32)
    model = Vit(dim=dim, heads=heads, ratio=shape.pop("ratio", 2), **shape)
    shake(model)
    if half:
        model.half().float()
        for p in model.parameters():
            p.data = p.data.half().float()
    state = model.state_dict()
    if half:
        state = OrderedDict((k, v.half()) for k, v in state.items())
    torch.save(container(state), OUT / f"{name}.pth")
    case(name, file=f"{name}.pth", heads=None if dim == 64 else heads, embeddings=forward(model, sizes))


def full(name, *, ibot):
    """A whole training checkpoint: student under DistributedDataParallel, teacher, optimizer, loss, arguments."""
    torch.manual_seed(len(CASES))
    nets = {}
    for role in ("student", "teacher"):
        mask = "masked_embed" if ibot and role == "student" else None
        backbone = Vit(dim=32, depth=2, heads=2, patch=4, grid=4, ratio=2, mask=mask)
        head = Head(32, 24, 16, 12, 10 if ibot else None)
        shake(backbone)
        shake(head)
        nets[role] = nn.ModuleDict({"backbone": backbone, "head": head})
    student = OrderedDict((f"module.{k}", v) for k, v in nets["student"].state_dict().items())
    optimizer = torch.optim.AdamW(nets["student"]["head"].mlp[4].parameters())
    args = argparse.Namespace(
        arch="vit_small", patch_size=4, out_dim=12, teacher_temp=0.07, warmup_teacher_temp=0.04, norm_last_layer=False,
        global_crops_scale=(0.25, 1.0), epochs=800, use_fp16=False, output_dir="/somewhere", lr=5e-4, dist_url="env://",
    )
    loss = OrderedDict(center=torch.randn(1, 12))
    if ibot:
        loss["center2"] = torch.randn(1, 1, 10)
    torch.save(
        {
            "student": student, "teacher": nets["teacher"].state_dict(), "optimizer": optimizer.state_dict(),
            "epoch": 800, "args": args, ("ibot_loss" if ibot else "dino_loss"): loss,
            "fp16_scaler": None,
        },
        OUT / f"{name}.pth",
    )
    facts = {}
    for role, net in nets.items():
        net.eval()
        with torch.no_grad():
            seen = net["backbone"](inputs(16, IMAGENET))
            y, cosine = net["head"](seen)
        facts[role] = {"embedding": unit(seen), "bottleneck": y.double().tolist(), "cosine": cosine.double().tolist(),
                       "norms": net["head"].last_layer.weight_g.flatten().tolist()}
    case(name, file=f"{name}.pth", heads=2, temperature=0.07, networks=facts)


class Cls(nn.Module):
    def __init__(self, model, **kwargs):
        super().__init__()
        self.model, self.kwargs = model, kwargs

    def forward(self, x):
        return self.model(x, **self.kwargs).last_hidden_state[:, 0]


def hugging_face(name, model, sizes, normalization, **kwargs):
    torch.manual_seed(len(CASES))
    shake(model)
    folder = OUT / name
    model.save_pretrained(folder)
    mean, std = normalization
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_mean": mean, "image_std": std}) + "\n")
    base = getattr(model, "vit", model)
    case(name, file=name, embeddings=forward(Cls(base, **kwargs), sizes, normalization))


def timm_model(name, sizes, normalization, **kwargs):
    torch.manual_seed(len(CASES))
    shape = dict(embed_dim=32, depth=2, num_heads=2, mlp_ratio=2, class_token=True, global_pool="token", dynamic_img_size=True)
    model = timm.models.VisionTransformer(**{**shape, **kwargs})
    shake(model)
    folder = OUT / name
    folder.mkdir(exist_ok=True)
    save_file(model.state_dict(), folder / "model.safetensors", {"format": "pt"})
    mean, std = normalization
    config = {"architecture": "vit_fixture", "num_classes": kwargs["num_classes"], "global_pool": "token",
              "model_args": {"num_heads": 2}, "pretrained_cfg": {"mean": mean, "std": std, "input_size": [3, 16, 16]}}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")

    class Token(nn.Module):
        def forward(self, x):
            # Another size than the model's, as timm loads weights for it: resampled with antialiasing.
            return model.forward_features(x)[:, 0]

    holder = Token()
    model.eval()
    case(name, file=name, embeddings=forward(holder, sizes, normalization))


def resampled():
    """A 5 × 5 table at other sizes, by the three ways in use."""
    torch.manual_seed(99)
    table = torch.randn(1, 25, 2)
    grid = table.reshape(1, 5, 5, 2).permute(0, 3, 1, 2)
    flat = lambda g: g.flatten(2).transpose(1, 2)[0].double().tolist()
    sizes = {}
    for side in (3, 8):
        scale = (side + 0.1) / 5
        sizes[str(side)] = {
            "offset": flat(F.interpolate(grid, scale_factor=(scale, scale), mode="bicubic")),
            "size": flat(F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)),
            "antialias": flat(F.interpolate(grid, size=(side, side), mode="bicubic", antialias=True)),
        }
    return {"table": table[0].double().tolist(), "sizes": sizes}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    official("dino-backbone", depth=2, patch=4, grid=4, sizes=(16, 24, 8))
    official("dino-half", dim=64, heads=1, depth=1, patch=4, grid=2, ratio=4, half=True, sizes=(8,))
    full("dino-full", ibot=False)
    full("ibot-full", ibot=True)
    official("ibot-teacher", depth=2, patch=4, grid=4, sizes=(16,),
             container=lambda state: {"state_dict": state})
    official("dinov2", depth=2, patch=14, grid=3, layer_scale=True, mask="mask_token", sizes=(42, 28))
    official("dinov2-registers", depth=2, dim=16, patch=4, grid=3, layer_scale=True, mask="mask_token", registers=4, sizes=(12, 20))
    sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=4)
    vit = transformers.ViTConfig(intermediate_size=64, **sizes)
    hugging_face("hf-vit", transformers.ViTModel(vit), (16, 24), HALVES, interpolate_pos_encoding=True)
    vit = transformers.ViTConfig(intermediate_size=64, num_labels=5, layer_norm_eps=1e-6, **sizes)
    hugging_face("hf-classifier", transformers.ViTForImageClassification(vit), (16,), IMAGENET)
    hugging_face("hf-dinov2", transformers.Dinov2Model(transformers.Dinov2Config(mlp_ratio=2, **sizes)), (16, 24), IMAGENET)
    timm_model("timm-vit", (16, 24, 8), HALVES, img_size=16, patch_size=4, num_classes=5)
    timm_model("timm-dinov2", (16,), IMAGENET, img_size=16, patch_size=4, num_classes=0, init_values=1e-5)
    sizes = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=4, mlp_ratio=2)
    model = transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(num_register_tokens=3, **sizes))
    hugging_face("hf-registers", model, (16, 24, 8), IMAGENET)
    timm_model("timm-registers", (16, 24), IMAGENET, embed_dim=16, img_size=16, patch_size=4, num_classes=0, init_values=1e-5,
               reg_tokens=4, no_embed_class=True)
    official("dinov2-swiglu", depth=2, dim=16, patch=4, grid=3, ratio=4, layer_scale=True, mask="mask_token", swiglu=True,
             registers=4, sizes=(12, 20))
    sizes["mlp_ratio"] = 4
    hugging_face("hf-swiglu", transformers.Dinov2Model(transformers.Dinov2Config(use_swiglu_ffn=True, **sizes)), (16, 24), IMAGENET)
    sizes.pop("mlp_ratio")
    v3 = dict(num_register_tokens=4, layerscale_value=0.5, intermediate_size=32)
    hugging_face("hf-dinov3", transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**sizes, **v3)), (16, 24), IMAGENET)
    v3 = dict(num_register_tokens=0, use_gated_mlp=True, hidden_act="silu", intermediate_size=48)
    hugging_face("hf-dinov3-gated", transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(**sizes, **v3)), (16, 24), IMAGENET)
    timm_model("timm-swiglu", (16,), IMAGENET, embed_dim=16, img_size=16, patch_size=4, num_classes=0, init_values=1e-5,
               mlp_ratio=6, mlp_layer=timm.layers.SwiGLUPacked, act_layer=nn.SiLU)

    # Not contiguous, views of one storage, every kind of number, and the format from before 1.6.
    torch.manual_seed(7)
    big = torch.randn(6, 5)
    kinds = {"transposed": big.t(), "row": big[2], "column": big[:, 1:3], "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3),
             "parameter": nn.Parameter(torch.ones(2)), "contiguous": big}
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool):
        kinds[str(dtype)] = torch.tensor([[0, 1], [1, 3]]).to(dtype)
    torch.save(kinds, OUT / "kinds.pth")
    torch.save(kinds, OUT / "kinds-legacy.pth", _use_new_zipfile_serialization=False)
    numbers = {name: {"shape": list(t.shape), "values": t.detach().double().flatten().tolist()} for name, t in kinds.items()}

    facts = {"versions": {"torch": torch.__version__, "timm": timm.__version__, "transformers": transformers.__version__},
             "cases": CASES, "kinds": numbers, "resampled": resampled()}
    (OUT / "expected.json").write_text(json.dumps(facts) + "\n")


main()
