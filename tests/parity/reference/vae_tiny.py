"""A small random AutoencoderTiny of diffusers and what it answers, for tests/parity/models/vae_tiny.rs.

Folder `vae_tiny/` as in unet.py; `io.safetensors` has `pictures`, `latents`, `scaled`, `unscaled`,
`given` (latents that pass the decoder's bound) and `decoded`.
"""

import sys
from pathlib import Path

import torch
from diffusers import AutoencoderTiny

sys.path.insert(0, str(Path(__file__).parent))
from unet import randomise, save  # noqa: E402


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    model = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),
        decoder_block_out_channels=(12, 12, 12),
        num_encoder_blocks=(1, 2, 1),
        num_decoder_blocks=(2, 1, 1),
        latent_magnitude=2,
        latent_shift=0.4,
        scaling_factor=0.9,
    ).eval()
    randomise(model, generator)
    pictures = torch.rand(2, 3, 24, 32, generator=generator) * 2 - 1
    latents = model.encode(pictures).latents
    given = 3 * torch.randn(latents.shape, generator=generator)
    tensors = dict(
        pictures=pictures,
        latents=latents,
        scaled=model.scale_latents(given),
        unscaled=model.unscale_latents(model.scale_latents(given)),
        given=given,
        decoded=model.decode(given).sample,
    )
    save(model, out / "vae_tiny", tensors)


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
