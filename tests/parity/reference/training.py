"""Reference of the training parity test: SVDiff in plain PyTorch autograd.

    W_delta = U diag(relu(sigma + delta)) V^T      (Linear, Conv2d as c_out x (c_in k k))
    w_delta = w + delta                            (norms, one shift per channel)
    w_delta = relu(|w| + delta) w / |w|            (norms, svdiff-pytorch's scalar form)

Everything is computed in F64 from F32 weights, so the only error in the comparison is ours.
Writes OUT/training/: unet/ and scheduler/ as diffusers saves them, settings.json and
reference.safetensors.
"""

import argparse
import json
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from torch.func import functional_call

STEPS = 10
TOKENS = 5
SETTINGS = {
    "learning_rate": 5e-3,
    "learning_rate_1d": 5e-4,
    "weight_decay": 1e-2,
    "betas": [0.9, 0.999],
    "eps": 1e-8,
    "max_grad_norm": 0.45,
    "prior_weight": 0.75,
}


def make_unet():
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=12,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if parameter.ndim == 1:
                parameter.copy_(0.1 * torch.randn_like(parameter) + ("norm" in name and name.endswith("weight")))
    return unet


def layers(unet):
    """Path and weight of everything that has a shift."""
    kinds = (torch.nn.Linear, torch.nn.Conv2d, torch.nn.GroupNorm, torch.nn.LayerNorm)
    return {path: module.weight.detach() for path, module in unet.named_modules() if isinstance(module, kinds)}


class Shifts:
    """The decomposition of every layer, and weights for given shifts."""

    def __init__(self, weights, scalar_norms):
        self.parts = {}
        for path, weight in weights.items():
            if weight.ndim == 1 and not scalar_norms:
                self.parts[path] = ("add", weight, None)
            else:
                matrix = weight.reshape(1, -1) if weight.ndim == 1 else weight.flatten(1)
                u, sigma, vt = torch.linalg.svd(matrix, full_matrices=False)
                gaps = (sigma[:-1] - sigma[1:]) / sigma[0]
                assert not (gaps < 1e-6).any(), f"{path}: near-equal singular values; take another seed"
                self.parts[path] = ("svd", weight, (u, sigma, vt))

    def zeros(self):
        return {p: torch.zeros(len(w) if k == "add" else len(f[1]), dtype=w.dtype) for p, (k, w, f) in self.parts.items()}

    def weights(self, deltas):
        out = {}
        for path, (kind, weight, factors) in self.parts.items():
            if kind == "add":
                out[f"{path}.weight"] = weight + deltas[path]
            else:
                u, sigma, vt = factors
                out[f"{path}.weight"] = ((u * torch.relu(sigma + deltas[path])) @ vt).reshape(weight.shape)
        return out

    def random(self):
        """Shifts that move every layer; one in eight takes its singular value below zero."""
        deltas = {}
        for path, (kind, weight, factors) in self.parts.items():
            if kind == "add":
                deltas[path] = 0.1 * torch.randn_like(weight)
            else:
                sigma = factors[1]
                delta = 0.2 * torch.randn_like(sigma) * sigma
                delta[7::8] = -1.5 * sigma[7::8]
                deltas[path] = delta
        return deltas


def loss_of(unet, scheduler, shifts, deltas, batch, embeddings):
    latents, noise, timesteps = batch
    noisy = scheduler.add_noise(latents, noise, timesteps)
    predicted = functional_call(unet, shifts.weights(deltas), (noisy, timesteps, embeddings)).sample
    if scheduler.config.prediction_type == "epsilon":
        target = noise
    else:
        target = scheduler.get_velocity(latents, noise, timesteps)
    predicted, predicted_prior = predicted.chunk(2)
    target, target_prior = target.chunk(2)
    mse = torch.nn.functional.mse_loss
    return mse(predicted, target) + SETTINGS["prior_weight"] * mse(predicted_prior, target_prior)


def gradients(unet, scheduler, shifts, deltas, batch, embeddings):
    leaves = {path: delta.clone().requires_grad_() for path, delta in deltas.items()}
    loss = loss_of(unet, scheduler, shifts, leaves, batch, embeddings)
    loss.backward()
    return loss.detach(), {path: leaf.grad for path, leaf in leaves.items()}


def make(out, seed=0):
    torch.manual_seed(seed)
    folder = Path(out) / "training"
    unet = make_unet()
    scheduler = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False)
    unet.save_pretrained(folder / "unet", safe_serialization=True)
    scheduler.save_pretrained(folder / "scheduler")
    (folder / "settings.json").write_text(json.dumps(SETTINGS, indent=2) + "\n")

    # The scheduler's table stays F32, as it is in training; all that follows is F64.
    unet = unet.double().requires_grad_(False)
    # F32 values, so that the fixture holds exactly what the reference computes with.
    normal = lambda *shape: torch.randn(*shape).double()
    latents, noise = normal(STEPS, 2, 4, 8, 8), normal(STEPS, 2, 4, 8, 8)
    timesteps = torch.randint(0, 1000, (STEPS, 2))
    embeddings = normal(2, TOKENS, 12)
    batches = list(zip(latents, noise, timesteps))
    tensors = {"latents": latents, "noise": noise, "timesteps": timesteps, "embeddings": embeddings}

    for name, scalar in (("full", False), ("scalar", True)):
        shifts = Shifts(layers(unet), scalar)
        start = {path: delta.float().double() for path, delta in shifts.random().items()}
        loss, grads = gradients(unet, scheduler, shifts, start, batches[0], embeddings)
        tensors[f"{name}.loss"] = loss.reshape(1)
        tensors |= {f"{name}.delta.{path}": delta for path, delta in start.items()}
        tensors |= {f"{name}.gradient.{path}": grad for path, grad in grads.items()}

    shifts = Shifts(layers(unet), False)
    leaves = {path: delta.requires_grad_() for path, delta in shifts.zeros().items()}
    groups = {True: [], False: []}
    for path, leaf in leaves.items():
        groups[shifts.parts[path][0] == "add"].append(leaf)
    optimiser = torch.optim.AdamW(
        [{"params": groups[False]}, {"params": groups[True], "lr": SETTINGS["learning_rate_1d"]}],
        lr=SETTINGS["learning_rate"],
        betas=tuple(SETTINGS["betas"]),
        eps=SETTINGS["eps"],
        weight_decay=SETTINGS["weight_decay"],
    )
    losses, norms = [], []
    for batch in batches:
        optimiser.zero_grad()
        loss = loss_of(unet, scheduler, shifts, leaves, batch, embeddings)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(list(leaves.values()), SETTINGS["max_grad_norm"])))
        optimiser.step()
        losses.append(loss.detach())
    tensors["losses"] = torch.stack(losses)
    tensors |= {f"after.{path}": leaf.detach() for path, leaf in leaves.items()}
    save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()}, folder / "reference.safetensors")
    print("training: losses", [round(float(x), 4) for x in losses], "norms", [round(x, 3) for x in norms])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    make(arguments.out, arguments.seed)
