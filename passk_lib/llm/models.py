"""Language models: the tiny ones that ship with the library, and any other causal model.

The tiny models are Llama models over characters.  Their tokenizer puts the begin token `^` before
a text by itself; `$` ends a completion.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
from tokenizers.decoders import Fuse
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)
from transformers.utils import logging

from .revisions import MODEL_FILES, TOKENIZER_FILES, hash_of_files, hub_commit

SHIPPED = Path(__file__).parent / "models"
DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@contextmanager
def quiet_transformers():
    """No progress bars of transformers' own while it reads or writes a model."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def one_thread():
    """Sums in one fixed order: without it the weights depend on the number of cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def shipped_models() -> list[str]:
    """Names of the models inside the package."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/model.safetensors"))


def tiny_tokenizer(words: tuple[str, ...] = ()) -> PreTrainedTokenizerFast:
    """One token per character of `0-9 - =`, and one per word of `words`."""
    vocabulary = ["<pad>", "<unk>", "^", "$", "-", "=", *"0123456789", *words]
    tokenizer = Tokenizer(
        models.WordLevel({token: i for i, token in enumerate(vocabulary)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[A-Za-z]+|."), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="^ $A", special_tokens=[("^", vocabulary.index("^"))]
    )
    tokenizer.decoder = Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="^",
        eos_token="$",
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=32,
    )


def tiny_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """An untrained two-layer Llama model of about 225,000 parameters, initialised by `seed`."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=96,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=32,
        tie_word_embeddings=False,
        initializer_range=0.02,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return model


@dataclass(frozen=True)
class Source:
    """Where a model is read from: a folder, or one commit of a hub repository.

    name: as it was asked for; commit: "" for a folder.
    """

    name: str
    place: str | Path
    commit: str = ""

    def load(self, dtype: str = "float32", device: str = "cpu"):
        """Model (in eval mode) and tokenizer, as `load` gives them."""
        target = _device(device)
        if dtype not in DTYPES:
            raise ValueError(f"dtype = {dtype!r}: must be one of {', '.join(DTYPES)}")
        how = {"revision": self.commit} if self.commit else {}
        try:
            tokenizer = AutoTokenizer.from_pretrained(self.place, trust_remote_code=False, **how)
            with quiet_transformers():
                model = AutoModelForCausalLM.from_pretrained(
                    self.place,
                    dtype=DTYPES[dtype],
                    use_safetensors=True,
                    trust_remote_code=False,
                    **how,
                )
        except Exception as error:  # whatever is wrong with a foreign model
            raise _not_loaded(self.name, error) from None
        if tokenizer.eos_token_id is None:
            raise ValueError(
                f"model = {self.name!r}: its tokenizer has no end token, so nothing ends"
            )
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "left"
        return model.to(target).eval(), tokenizer

    def found(self, tokenizer) -> dict[str, str]:
        """What a manifest says of the model and of its tokenizer: the hub's commit, or a hash of
        the files in the folder that decide what it does."""
        if self.commit:
            return {"found_model": self.commit, "found_tokenizer": self.commit}
        own = getattr(tokenizer, "vocab_files_names", {}).values()  # those its class alone knows
        return {
            "found_model": hash_of_files(Path(self.place), MODEL_FILES),
            "found_tokenizer": hash_of_files(Path(self.place), {*TOKENIZER_FILES, *own}),
        }


def find(name: str = "B", revision: str = "") -> Source:
    """A shipped name, a folder or a hub id, at a branch, tag or commit of the hub.

    The commit is looked up once, so that weights and tokenizer belong together.
    Raises ValueError for a model that is not there and for a revision of a folder.
    """
    folder = SHIPPED / name
    if not (folder / "config.json").exists():
        folder = Path(name)
    if name and folder.is_dir():
        if revision:
            what = "a shipped model" if folder.parent == SHIPPED else "a folder"
            raise ValueError(
                f"revision = {revision!r}: {name!r} is {what}, which has no revisions; revision "
                "goes with a hub id"
            )
        return Source(name, folder)
    try:
        return Source(name, name, hub_commit(name, revision))
    except Exception as error:
        raise _not_loaded(name, error, revision) from None


def load(name: str = "B", dtype: str = "float32", device: str = "cpu", revision: str = ""):
    """Model (in eval mode) and tokenizer of a shipped name, a folder or a hub id.

    revision: a branch, tag or commit of the hub; the newest without one.
    Weights are read from safetensors only and no code of the model's repository is run.
    Raises ValueError for a model that is not there and for a tokenizer without an end token.
    """
    return find(name, revision).load(dtype, device)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device = {name!r}: must be cpu, cuda, cuda:0, mps, ...") from None
    if (device.type == "cuda" and not torch.cuda.is_available()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    ):
        raise ValueError(f"device = {str(device)!r}: there is none on this machine; take cpu")
    return device


def _not_loaded(name: str, error: Exception, revision: str = "") -> ValueError:
    """One line that names the model, whatever the libraries said."""
    reason = " ".join(str(error).split())[:300] or repr(error)
    at = f" at revision {revision!r}" if revision else ""
    return ValueError(
        f"model = {name!r}: not a shipped model ({', '.join(shipped_models())}), and it cannot "
        f"be loaded as a folder or hub id{at}: {reason.rstrip('.')}; without a network give a "
        "folder, such as one that `hf download` or save_pretrained made"
    )
