"""Files of svdiff-pytorch and LoRA files for the small models, and what PyTorch answers with them.

`exchange/`: `spectral_shifts.safetensors` (UNet `unet_sd1`), `spectral_shifts_te.safetensors` (text
encoder `text_encoder_sd1`), both as svdiff-pytorch 0.2 writes them: F32, no metadata; `kohya.safetensors`
and `diffusers.safetensors`, LoRAs in the names of those programs; `io.safetensors`, the outputs.
W_δ = U diag(relu(σ + δ)) Vᵀ by `torch.linalg.svd`, a norm's weight being a 1×C row; a LoRA is
W + alpha/r · up · down. Inputs are those of the models' own folders.
"""

import sys
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

LAYERS = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.Embedding, torch.nn.LayerNorm, torch.nn.GroupNorm)
NORMS = (torch.nn.LayerNorm, torch.nn.GroupNorm)


def layers(model):
    """Every layer whose weight is shifted, by path."""
    return {name: module for name, module in model.named_modules() if isinstance(module, LAYERS) and module.weight is not None}


def matrix(weight):
    """As svdiff-pytorch decomposes it: convolutions as c_out × (c_in·h·w), a norm as a row."""
    return weight[None] if weight.ndim == 1 else weight.flatten(1)


def shift(model, generator):
    """Random shifts of up to half of the largest singular value, some below −σ; applies them."""
    shifts = {}
    for path, module in layers(model).items():
        u, s, vh = torch.linalg.svd(matrix(module.weight), full_matrices=False)
        size = 0.25 if isinstance(module, NORMS) else 0.5
        delta = size * s[0] * (2 * torch.rand(s.shape, generator=generator) - 1)
        module.weight.copy_((u @ torch.diag(torch.relu(s + delta)) @ vh).view_as(module.weight))
        shifts[path + ".delta"] = delta
    return shifts


def add_lora(module, rank, alpha, generator):
    """Random halves of useful size; adds alpha/r · up · down to the weight."""
    weight = module.weight
    down = torch.randn(rank, *weight.shape[1:], generator=generator) / weight[0].numel() ** 0.5
    up = torch.randn(weight.shape[0], rank, *[1] * (weight.ndim - 2), generator=generator) / rank**0.5
    weight.add_(alpha / rank * (up.flatten(1) @ down.flatten(1)).view_as(weight))
    return down.contiguous(), up.contiguous()


def kohya(model, generator):
    """Every rank and alpha its own, 1×1 and 3×3 convolutions among them, alphas as F32 scalars."""
    tensors = {}
    modules = {n: m for n, m in layers(model).items() if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))}
    for i, (path, module) in enumerate(modules.items()):
        rank, alpha = 1 + i % 5, 1.0 + i % 3
        stem = "lora_unet_" + path.replace(".", "_")
        down, up = add_lora(module, rank, alpha, generator)
        tensors |= {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up, f"{stem}.alpha": torch.tensor(alpha)}
    return tensors


def diffusers(unet, text_encoder, generator):
    """Attention only, without alphas; the text encoder's paths as transformers 5 has them."""
    tensors = {}
    for prefix, model, parts in [("unet", unet, ("to_q", "to_out.0")), ("text_encoder", text_encoder, ("q_proj", "v_proj"))]:
        for path, module in layers(model).items():
            if path.endswith(parts):
                down, up = add_lora(module, 3, 3, generator)
                tensors |= {f"{prefix}.{path}.lora_A.weight": down, f"{prefix}.{path}.lora_B.weight": up}
    return tensors


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    folders = [out / "unet_sd1", out / "text_encoder_sd1"]
    inputs = [load_file(folder / "io.safetensors") for folder in folders]

    def unet():
        return UNet2DConditionModel.from_pretrained(folders[0], torch_dtype=torch.float32).eval()

    def text_encoder():
        model = CLIPTextModel(CLIPTextConfig.from_pretrained(folders[1])).eval()
        state = {name.removeprefix("text_model."): value for name, value in load_file(folders[1] / "model.safetensors").items()}
        state = {name: state[name.removeprefix("text_model.")] for name in model.state_dict()}
        model.load_state_dict(state)
        return model

    def predict(model):
        return model(*(inputs[0][name] for name in ("sample", "timestep", "encoder_hidden_states"))).sample.contiguous()

    def embed(model):
        return model(inputs[1]["input_ids"].long()).last_hidden_state.contiguous()

    folder, io = out / "exchange", {}
    folder.mkdir(parents=True, exist_ok=True)
    model = unet()
    shifts = shift(model, generator)
    save_file(shifts, folder / "spectral_shifts.safetensors")
    io["svdiff.output"] = predict(model)
    # Version 0.1 shifts no norms.
    model, norms = unet(), [path for path, module in layers(unet()).items() if isinstance(module, NORMS)]
    for path, module in layers(model).items():
        if path not in norms:
            u, s, vh = torch.linalg.svd(matrix(module.weight), full_matrices=False)
            module.weight.copy_((u @ torch.diag(torch.relu(s + shifts[path + ".delta"])) @ vh).view_as(module.weight))
    io["svdiff_without_norms.output"] = predict(model)
    model = text_encoder()
    shifts = {f"text_model.{path.removeprefix('text_model.')}": delta for path, delta in shift(model, generator).items()}
    save_file(shifts, folder / "spectral_shifts_te.safetensors")
    io["svdiff.last_hidden_state"] = embed(model)
    model = unet()
    save_file(kohya(model, generator), folder / "kohya.safetensors")
    io["kohya.output"] = predict(model)
    model, encoder = unet(), text_encoder()
    save_file(diffusers(model, encoder, generator), folder / "diffusers.safetensors")
    io |= {"diffusers.output": predict(model), "diffusers.last_hidden_state": embed(encoder)}
    assert all(tensor.isfinite().all() for tensor in io.values())
    save_file(io, folder / "io.safetensors")


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
