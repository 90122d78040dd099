"""Small random models of several architectures, and rows over random tokens for them."""

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    GemmaConfig,
    GPT2Config,
    LlamaConfig,
    Qwen2Config,
    Qwen3Config,
)

from passk_lib.llm.rows import Rows

SIZES = {
    "vocab_size": 23,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,  # grouped-query attention
    "max_position_embeddings": 32,
    "initializer_range": 0.3,
    "pad_token_id": 0,
}
CONFIGS = {
    "llama": LlamaConfig(**SIZES, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**SIZES, tie_word_embeddings=True),
    "qwen3": Qwen3Config(**SIZES, head_dim=4, tie_word_embeddings=False),
    "gemma": GemmaConfig(**SIZES, head_dim=4, tie_word_embeddings=True),
    "gpt2": GPT2Config(
        vocab_size=23,
        n_embd=16,
        n_layer=2,
        n_head=4,
        n_positions=32,
        initializer_range=0.3,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    ),
}


# Its logits are bent by a soft cap after the output matrix; with a matrix of its own here.
CONFIGS_OF_THEIR_OWN = {
    "gemma2": Gemma2Config(
        **SIZES, head_dim=4, tie_word_embeddings=False, final_logit_softcapping=2.0
    ),
}


def random_model(name: str, dtype: torch.dtype):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return (
            AutoModelForCausalLM.from_config({**CONFIGS, **CONFIGS_OF_THEIR_OWN}[name])
            .to(dtype)
            .eval()
        )


def random_rows(prompts: int = 5, rows: int = 12, seed: int = 0) -> Rows:
    """Prompts and completions of many lengths, so that batches are padded on both sides."""
    rng = np.random.default_rng(seed)
    return Rows(
        [rng.integers(1, 23, size=rng.integers(1, 8)) for _ in range(prompts)],
        rng.integers(prompts, size=rows),
        [rng.integers(1, 23, size=rng.integers(1, 6)) for _ in range(rows)],
        rng.uniform(0.1, 1.0, size=rows),
    )
