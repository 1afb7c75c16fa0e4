"""What diffusers' autoencoder answers in tiles, for tests/parity/models/vae.rs.

`vae/tiled.safetensors` has `mean` and `decoded` of the `pictures` and `latents` in
`vae/io.safetensors`, with tiles of 16 pixels.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    del seed  # The model and its inputs are those of vae.py.
    model = AutoencoderKL.from_pretrained(out / "vae").eval()
    io = load_file(out / "vae/io.safetensors")
    model.enable_tiling()
    model.tile_sample_min_size, model.tile_latent_min_size = 16, 8
    tensors = dict(
        mean=model.encode(io["pictures"]).latent_dist.mean,
        decoded=model.decode(io["latents"]).sample,
    )
    save_file({name: x.contiguous() for name, x in tensors.items()}, out / "vae/tiled.safetensors")


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
