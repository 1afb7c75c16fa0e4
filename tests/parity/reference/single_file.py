"""What diffusers' own conversion makes of checkpoints in the original layout, for single_file.rs.

Writes `single_file/<name>.safetensors`, small checkpoints under the original names with random
numbers, and `single_file/<name>.json`: for each tensor that diffusers makes of them, part, name,
shape and SHA-256 of its bytes. The original names are written out from the structure of the
original code (`openaimodel.py`, `model.py`, OpenCLIP); the conversion is diffusers'
(`loaders/single_file_utils.py`). Shapes only have to tell tensors apart, so they are tiny.
"""

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from diffusers.loaders import single_file_utils as theirs
from safetensors.torch import save_file

# Channels; what is multiplied by them differs per tensor only by name.
C = 2


def norm(path):
    return {path + ".weight": (C,), path + ".bias": (C,)}


def linear(path, rows=C, bias=True):
    return {path + ".weight": (rows, C)} | ({path + ".bias": (rows,)} if bias else {})


def conv(path, k=3):
    return {path + ".weight": (C, C, k, k), path + ".bias": (C,)}


def resnet(path, shortcut):
    names = norm(path + ".in_layers.0") | conv(path + ".in_layers.2") | linear(path + ".emb_layers.1")
    names |= norm(path + ".out_layers.0") | conv(path + ".out_layers.3")
    return names | (conv(path + ".skip_connection", 1) if shortcut else {})


def transformer(path, linear_projection):
    names = norm(path + ".norm")
    for name in ("proj_in", "proj_out"):
        names |= linear(f"{path}.{name}") if linear_projection else conv(f"{path}.{name}", 1)
    block = path + ".transformer_blocks.0"
    for attention in ("attn1", "attn2"):
        for name in ("to_q", "to_k", "to_v"):
            names |= linear(f"{block}.{attention}.{name}", bias=False)
        names |= linear(f"{block}.{attention}.to_out.0")
    for i in (1, 2, 3):
        names |= norm(f"{block}.norm{i}")
    return names | linear(block + ".ff.net.0.proj", 2 * C) | linear(block + ".ff.net.2")


def unet(layers, attends, middle, linear_projection):
    """`attends`: per level, whether it has attentions."""
    levels, names = len(attends), {}
    names |= linear("time_embed.0") | linear("time_embed.2")
    names |= conv("input_blocks.0.0") | norm("out.0") | conv("out.2")
    # The latents' four channels tell these from inpainting and its like.
    names["input_blocks.0.0.weight"] = (C, 4, 3, 3)
    n = 1
    for level in range(levels):
        for j in range(layers):
            names |= resnet(f"input_blocks.{n}.0", j == 0 and level > 0)
            if attends[level]:
                names |= transformer(f"input_blocks.{n}.1", linear_projection)
            n += 1
        if level + 1 < levels:
            names |= conv(f"input_blocks.{n}.0.op")
            n += 1
    if middle:
        names |= resnet("middle_block.0", False) | resnet("middle_block.2", False)
        names |= transformer("middle_block.1", linear_projection)
    n = 0
    for level in reversed(range(levels)):
        for j in range(layers + 1):
            names |= resnet(f"output_blocks.{n}.0", True)
            if attends[level]:
                names |= transformer(f"output_blocks.{n}.1", linear_projection)
            if j == layers and level > 0:
                names |= conv(f"output_blocks.{n}.{2 if attends[level] else 1}.conv")
            n += 1
    return {"model.diffusion_model." + name: shape for name, shape in names.items()}


def vae(levels):
    def block(path, shortcut):
        names = norm(path + ".norm1") | conv(path + ".conv1") | norm(path + ".norm2") | conv(path + ".conv2")
        return names | (conv(path + ".nin_shortcut", 1) if shortcut else {})

    names = conv("quant_conv", 1) | conv("post_quant_conv", 1)
    for half in ("encoder", "decoder"):
        names |= conv(half + ".conv_in") | norm(half + ".norm_out") | conv(half + ".conv_out")
        names |= block(half + ".mid.block_1", False) | block(half + ".mid.block_2", False)
        names |= norm(half + ".mid.attn_1.norm")
        for name in ("q", "k", "v", "proj_out"):
            names |= conv(f"{half}.mid.attn_1.{name}", 1)
    for level in range(levels):
        for j in range(2):
            names |= block(f"encoder.down.{level}.block.{j}", j == 0 and level > 0)
        for j in range(3):
            names |= block(f"decoder.up.{level}.block.{j}", j == 0 and level < 2)
        if level + 1 < levels:
            names |= conv(f"encoder.down.{level}.downsample.conv")
        if level > 0:
            names |= conv(f"decoder.up.{level}.upsample.conv")
    return {"first_stage_model." + name: shape for name, shape in names.items()}


def clip(layers):
    root = "cond_stage_model.transformer.text_model."
    names = {f"embeddings.{name}_embedding.weight": (5, C) for name in ("token", "position")}
    for n in range(layers):
        layer = f"encoder.layers.{n}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            names |= linear(f"{layer}.self_attn.{name}")
        names |= linear(layer + ".mlp.fc1", 2 * C) | linear(layer + ".mlp.fc2")
        names |= norm(layer + ".layer_norm1") | norm(layer + ".layer_norm2")
    return {root + name: shape for name, shape in (names | norm("final_layer_norm")).items()}


def open_clip(layers):
    root = "cond_stage_model.model."
    names = {"token_embedding.weight": (5, C), "positional_embedding": (5, C), "text_projection": (C, C), "logit_scale": ()}
    for n in range(layers):
        layer = f"transformer.resblocks.{n}"
        names |= {layer + ".attn.in_proj_weight": (3 * C, C), layer + ".attn.in_proj_bias": (3 * C,)}
        names |= linear(layer + ".attn.out_proj") | linear(layer + ".mlp.c_fc", 2 * C) | linear(layer + ".mlp.c_proj")
        names |= norm(layer + ".ln_1") | norm(layer + ".ln_2")
    return {root + name: shape for name, shape in (names | norm("ln_final")).items()}


BUFFERS = {"betas": (7,), "alphas_cumprod": (7,), "model_ema.diffusion_modelout2bias": (C,), "model_ema.decay": ()}
KINDS = {
    # Stable Diffusion 1: convolutional projections, CLIP.
    "first": (unet(2, [True, True, True, False], True, False) | clip(2), 2),
    # Stable Diffusion 2: linear projections, OpenCLIP with the layer that is not used.
    "second": (unet(2, [True, True, True, False], True, True) | open_clip(24), 2),
    # BK-SDM-Tiny: three levels, one layer, no middle.
    "tiny": (unet(1, [True, True, True], False, False) | clip(1), 1),
}


def convert(checkpoint, layers):
    """diffusers' tensors, by part."""
    unet = theirs.convert_ldm_unet_checkpoint(dict(checkpoint), dict(layers_per_block=layers))
    levels = dict(down_block_types=[None] * 4, up_block_types=[None] * 4)
    vae = theirs.convert_ldm_vae_checkpoint(dict(checkpoint), levels)
    if theirs.CHECKPOINT_KEY_NAMES["open_clip"] in checkpoint:
        model = SimpleNamespace(config=SimpleNamespace(hidden_size=C))
        text = theirs.convert_open_clip_checkpoint(model, dict(checkpoint))
    else:
        text = theirs.convert_ldm_clip_checkpoint(dict(checkpoint))
    return dict(text_encoder=text, unet=unet, vae=vae)


def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    folder = out / "single_file"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (shapes, layers) in KINDS.items():
        shapes = shapes | vae(4) | BUFFERS
        checkpoint = {key: torch.randn(shape, generator=generator).half() for key, shape in shapes.items()}
        entries = []
        for part, tensors in convert(checkpoint, layers).items():
            for key, tensor in tensors.items():
                digest = hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
                entries.append([part, key.removeprefix("text_model."), list(tensor.shape), digest[:16]])
        save_file(checkpoint, folder / f"{name}.safetensors")
        lines = ",\n".join(json.dumps(entry) for entry in sorted(entries))
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
