"""Small CLIP text encoders with random weights: `text_encoder_sd1`, `text_encoder_sd2`."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

SHARED = dict(vocab_size=199, num_hidden_layers=2, bos_token_id=197, eos_token_id=198, pad_token_id=198)
SHAPES = {
    "sd1": dict(hidden_size=32, intermediate_size=128, num_attention_heads=4, hidden_act="quick_gelu", max_position_embeddings=77),
    "sd2": dict(hidden_size=40, intermediate_size=96, num_attention_heads=2, hidden_act="gelu", max_position_embeddings=33),
}
LAYERS = (torch.nn.Linear, torch.nn.LayerNorm, torch.nn.Embedding)


def randomise(model, generator):
    """Weights large enough that attention, activation and biases all matter."""
    for name, tensor in model.named_parameters():
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim == 1:
            tensor.copy_(0.3 * noise + ("norm" in name and name.endswith("weight")))
        else:
            tensor.copy_(noise if "embedding" in name else 1.5 * noise / tensor.shape[1] ** 0.5)


def modules(model):
    """Trainable layers in the model's order, under published names: what the visitor must show."""
    found = [(name, module.weight) for name, module in model.named_modules() if isinstance(module, LAYERS)]
    return [f"text_model.{name.removeprefix('text_model.')} {list(weight.shape)}" for name, weight in found]


@torch.no_grad()
def make(seed: int, out: Path) -> None:
    generator = torch.Generator().manual_seed(seed)
    for name, shape in SHAPES.items():
        folder = out / f"text_encoder_{name}"
        model = CLIPTextModel(CLIPTextConfig(**SHARED, **shape)).eval()
        randomise(model, generator)
        model.save_pretrained(folder)
        if name == "sd2":
            state = {f"text_model.{key.removeprefix('text_model.')}": value.contiguous() for key, value in model.state_dict().items()}
            state["text_model.embeddings.position_ids"] = torch.arange(shape["max_position_embeddings"])[None]
            save_file(state, folder / "model.safetensors", metadata=dict(format="pt"))
        tensors = {}
        for prefix, length in [("", shape["max_position_embeddings"]), ("short.", 9)]:
            ids = torch.randint(0, SHARED["vocab_size"], (3, length), generator=generator)
            ids[:, 0], ids[1, 5:] = SHARED["bos_token_id"], SHARED["eos_token_id"]
            tensors[prefix + "input_ids"] = ids.float()
            tensors[prefix + "last_hidden_state"] = model(ids).last_hidden_state
        save_file(tensors, folder / "io.safetensors", metadata=dict(modules=json.dumps(modules(model))))
