"""Encoders: pictures and texts become unit vectors in one space.

Importing this package loads no model library; an encoder loads its text tower at the first text and its image tower at the
first picture.
"""

from __future__ import annotations

from lookmatch_serving.encoders.errors import EncoderUnavailableError, UnknownEncoderError
from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.encoders.registry import encoder_keys, load_encoder

__all__ = ["Encoder", "EncoderUnavailableError", "UnknownEncoderError", "encoder_keys", "load_encoder"]
