"""Token batches: captions of a batch of pictures and the prompts of every class, trimmed to their longest text."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from lookmatch_assets.training.encoder.captions import ATTRIBUTES, Labels, class_names, description, phrase, shuffled_name
from lookmatch_serving.encoders.vocabulary import TEMPLATES

if TYPE_CHECKING:
    import torch


class Tokens:
    """CLIP's tokenizer at the model's context length, remembering texts it has seen."""

    def __init__(self, context_length: int) -> None:
        from open_clip import SimpleTokenizer

        self._tokenizer = SimpleTokenizer(context_length=context_length)
        self._length = context_length
        self._seen: dict[str, list[int]] = {}

    def __call__(self, texts: list[str]) -> torch.Tensor:
        """Return int64 (n, longest): start, tokens, end, zeros. Trimming is exact under the tower's causal mask."""
        import torch

        rows = [self._ids(text) for text in texts]
        batch = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        for number, row in enumerate(rows):
            batch[number, : len(row)] = row
        return torch.from_numpy(batch)

    def _ids(self, text: str) -> list[int]:
        if text not in self._seen:
            ids = self._tokenizer.encode(text)[: self._length - 2]
            self._seen[text] = [self._tokenizer.sot_token_id, *ids, self._tokenizer.eot_token_id]
        return self._seen[text]


def text_vectors(model: Any, tokens: torch.Tensor, word_dropout: float = 0.0) -> torch.Tensor:
    """Return unit (n, d) text vectors of an open_clip CLIP model for token rows of any length up to its context.

    `word_dropout`: share of inner tokens whose embedding is replaced by zeros, which is what words never seen in training are.
    """
    import torch

    x = model.token_embedding(tokens)
    if word_dropout > 0:
        keep = torch.rand(tokens.shape) >= word_dropout
        x = x * (keep | (tokens >= 49406)).unsqueeze(-1)
    length = tokens.shape[1]
    x = x + model.positional_embedding[:length]
    x = model.transformer(x, attn_mask=model.attn_mask[:length, :length])
    x = model.ln_final(x)
    x = x[torch.arange(len(x)), tokens.argmax(1)] @ model.text_projection
    return torch.nn.functional.normalize(x, dim=-1)


def description_batch(labels: list[Labels], rng: random.Random) -> tuple[list[str], torch.Tensor]:
    """Return a description of each picture and bool (n, a), which attributes it states."""
    import torch

    pairs = [description(one, rng) for one in labels]
    return [text for text, _ in pairs], torch.tensor([mask for _, mask in pairs])


def name_batch(labels: list[Labels], rng: random.Random, plain: float = 0.5) -> list[str]:
    """Return the name of each picture ("" where it has none), a `plain` share of them unchanged."""
    return [one.name if not one.name or rng.random() < plain else shuffled_name(one.name, rng) for one in labels]


def prompt_batch(rng: random.Random) -> tuple[list[str], dict[str, slice]]:
    """Return one randomly worded prompt of every class of every attribute, and where each attribute's prompts lie."""
    texts: list[str] = []
    places: dict[str, slice] = {}
    for attribute in ATTRIBUTES:
        names = class_names(attribute)
        places[attribute] = slice(len(texts), len(texts) + len(names))
        for name in names:
            said = name if attribute == "type" and rng.random() < 0.35 else phrase(attribute, name, rng)
            texts.append(rng.choice(list(TEMPLATES[attribute])).format(said))
    return texts, places
