"""What assets are given: the stores and the encoder. Nothing connects or loads before it is used."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg
import psycopg
import redis
from pgvector.psycopg import register_vector
from psycopg.rows import dict_row

from lookmatch_assets.vectors.kept import ImageEncoder
from lookmatch_serving.db import DictConnection
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.settings import Settings, read_settings

ENCODER_POOL = "encoder"
"""Steps that run the encoder wait for each other: two at a time would share the cores or the card, and hold its weights twice."""

RETRY = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""Of steps that talk to a store or a server: a step that failed is done again, not the run; what it had committed is kept."""


class Stores(dg.ConfigurableResource[None]):
    """Postgres and Valkey as the environment names them; addresses are read when used, so that none shows in the UI."""

    def settings(self) -> Settings:
        """The process's settings."""
        return read_settings()

    def services(self) -> Services:
        """Addresses of the stores; starts the embedded ones where none is configured."""
        return ensure_services(read_settings())

    @contextmanager
    def database(self) -> Iterator[DictConnection]:
        """A connection with rows as dictionaries and pgvector's types; commits at the end, rolls back on an error."""
        with psycopg.connect(self.services().database_url, row_factory=dict_row) as connection:
            register_vector(connection)
            yield connection

    @contextmanager
    def cache(self) -> Iterator[redis.Redis]:
        """A client of the attribute cache, text in and out.

        Raises:
            UpstreamError: the cache does not answer.
        """
        client = redis.Redis.from_url(self.services().redis_url, decode_responses=True)
        try:
            yield client
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise UpstreamError(f"the attribute cache does not answer: {error}") from error
        finally:
            client.close()


class EncoderResource(dg.ConfigurableResource[None]):
    """The encoder that goes live where none is, and a candidate elsewhere; others are loaded by their key.

    Attributes:
        key: key of ``lookmatch_serving.encoders``; empty takes the one of ``LOOKMATCH_ENCODER``.
    """

    key: str = ""

    def encoder_key(self) -> str:
        """The key in force."""
        return self.key or read_settings().encoder

    def load_in_background(self) -> None:
        """Begin to load, so that it is done by the time that ``load`` is called; a failure is left for ``load`` to raise.

        Importing PyTorch and reading the weights take seconds that a run otherwise spends waiting for dbt's process.
        """

        def load() -> None:
            with suppress(Exception):
                self.load()

        threading.Thread(target=load, name="encoder-loading", daemon=True).start()

    def load(self, key: str | None = None) -> ImageEncoder:
        """Load the encoder of a key, the one in force when left out; the registry keeps it for the process's life."""
        from lookmatch_serving.encoders import load_encoder

        return load_encoder(key or self.encoder_key())
