"""Trains the base's text encoder and UNet together; goes on where it stopped.

    python train.py WORK --minutes 60 [--lr 5e-4] [--begin FOLDER]

`--begin` names a base whose weights a new run begins with; what it has more than this one (a middle
block) is left out. Needs WORK/latents.pt and WORK/base/tokenizer. Writes, every ten minutes and at the end, WORK/base/unet
and WORK/base/text_encoder (the averaged weights, F32) and WORK/train_state.pt (everything that going on
needs). ε-prediction with min-SNR weights (γ = 5), 10 % empty captions, AdamW, a cosine over the given
minutes, an exponential average of the weights in F32: in F16 its small steps are rounded away. The
forward pass is compiled and takes its products in BF16 (with the weights, the sums and the attention in
F32): on a processor with AMX that is twice as fast as F32.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from world.vocabulary import TOKENS

BATCH, EMPTY_PART, MIN_SNR, DECAY = 64, 0.1, 5.0, 0.9995
NOISE = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False}

PARTS = {
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def new_text_encoder(vocabulary: int) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=128,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            hidden_act="quick_gelu",
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
            projection_dim=128,
        )
    )


def new_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=4,
        out_channels=4,
        layers_per_block=1,
        block_out_channels=(64, 96, 160),
        # Nearly a fifth of the weights, and least missed: as in BK-SDM-Tiny.
        mid_block_type=None,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=128,
        attention_head_dim=4,
        norm_num_groups=32,
    )


attention = F.scaled_dot_product_attention


def attention_in_f32(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *rest, **options) -> torch.Tensor:
    """PyTorch's attention on a CPU is four times slower backward in BF16 than in F32 at these sizes."""
    with torch.autocast(query.device.type, enabled=False):
        return attention(query.float(), key.float(), value.float(), *rest, **options).to(query.dtype)


def has_bfloat16(device: str) -> bool:
    """Whether the device multiplies in BF16; a processor without it does so several times slower than in F32."""
    return device != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


class Run:
    """The models, their averages and the optimiser, on disk and in memory."""

    def __init__(self, work: Path, begin: Path | None = None):
        self.base, self.state = work / "base", work / "train_state.pt"
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        vocabulary = len(json.loads((self.base / "tokenizer/vocab.json").read_text()))
        exists = (self.base / "unet").exists()
        unet = UNet2DConditionModel.from_pretrained(self.base / "unet") if exists else new_unet()
        text_encoder = CLIPTextModel.from_pretrained(self.base / "text_encoder") if exists else new_text_encoder(vocabulary)
        if begin and not exists:
            more = UNet2DConditionModel.from_pretrained(begin / "unet").state_dict()
            unet.load_state_dict({name: weight for name, weight in more.items() if name in unet.state_dict()})
            text_encoder.load_state_dict(CLIPTextModel.from_pretrained(begin / "text_encoder").state_dict())
        self.unet = unet.float().to(self.device, memory_format=torch.channels_last).train()
        self.text_encoder = text_encoder.float().to(self.device).train()
        self.compiled = torch.compile(self.unet)
        self.parameters = [*self.unet.parameters(), *self.text_encoder.parameters()]
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.optimiser = torch.optim.AdamW(self.parameters, betas=(0.9, 0.99), weight_decay=0.01)
        self.step = 0
        if self.state.exists():
            state = torch.load(self.state, map_location=self.device)
            for parameter, value in zip(self.parameters, state["raw"], strict=True):
                parameter.data.copy_(value)
            self.average = [value.float() for value in state["ema"]]
            self.step = state["i"]
            if "opt" in state:
                self.optimiser.load_state_dict(state["opt"])

    def update(self, loss: torch.Tensor, learning_rate: float) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate * min(1, (self.step + 1) / 200)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [parameter.data for parameter in self.parameters], 1 - decay)

    def save(self) -> None:
        raw = [parameter.detach().clone() for parameter in self.parameters]
        self.set(self.average)
        self.unet.save_pretrained(self.base / "unet")
        self.text_encoder.save_pretrained(self.base / "text_encoder")
        DDIMScheduler(**NOISE, set_alpha_to_one=False, steps_offset=1).save_pretrained(self.base / "scheduler")
        index = {"_class_name": "StableDiffusionPipeline", "safety_checker": [None, None], "feature_extractor": [None, None], "requires_safety_checker": False}
        (self.base / "model_index.json").write_text(json.dumps(index | PARTS, indent=2))
        self.set(raw)
        state = {"raw": raw, "ema": self.average, "i": self.step, "opt": self.optimiser.state_dict()}
        # Whole or not at all: a run that is killed while it writes must be able to go on.
        part = self.state.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, self.state)

    def set(self, values: list[torch.Tensor]) -> None:
        for parameter, value in zip(self.parameters, values, strict=True):
            parameter.data.copy_(value)


def train(work: Path, minutes: float, learning_rate: float, begin: Path | None) -> None:
    F.scaled_dot_product_attention = attention_in_f32
    run = Run(work, begin)
    latents, ids = torch.load(work / "latents.pt")
    tokenizer = CLIPTokenizer.from_pretrained(work / "base/tokenizer")
    empty = torch.tensor(tokenizer("", padding="max_length", max_length=TOKENS).input_ids)
    kept = DDPMScheduler(**NOISE).alphas_cumprod.to(run.device)
    # Another course of random numbers on every resumption.
    torch.manual_seed(run.step)
    start, first, losses, next_save = time.time(), run.step, [], 10.0
    while (elapsed := (time.time() - start) / 60) < minutes:
        choice = torch.randint(len(latents), (BATCH,))
        prompt = ids[choice].long()
        prompt[torch.rand(BATCH) < EMPTY_PART] = empty
        clean = latents[choice].float().to(run.device)
        timesteps = torch.randint(len(kept), (BATCH,), device=run.device)
        noise, alpha = torch.randn_like(clean), kept[timesteps].view(-1, 1, 1, 1)
        noisy = (alpha.sqrt() * clean + (1 - alpha).sqrt() * noise).contiguous(memory_format=torch.channels_last)
        with torch.autocast(run.device, torch.bfloat16, enabled=has_bfloat16(run.device)):
            states = run.text_encoder(prompt.to(run.device)).last_hidden_state
            predicted = run.compiled(noisy, timesteps, states).sample.float()
        snr = alpha / (1 - alpha)
        loss = (snr.clamp(max=MIN_SNR) / snr * (predicted - noise).square()).mean()
        cosine = 0.5 + 0.5 * math.cos(math.pi * elapsed / minutes)
        run.update(loss, learning_rate * (0.05 + 0.95 * cosine))
        losses.append(loss.item())
        if run.step % 100 == 0:
            pace = BATCH * (run.step - first) / (time.time() - start)
            print(f"{elapsed:.1f} min, step {run.step}, loss {sum(losses[-100:]) / len(losses[-100:]):.4f}, {pace:.0f} pictures/s", flush=True)
        if elapsed > next_save:
            run.save()
            next_save = elapsed + 10
    run.save()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument("--begin", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    train(options.work, options.minutes, options.lr, options.begin)
