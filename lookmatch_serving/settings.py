"""Settings of a lookmatch process, read once from the environment and validated.

Every variable is ``LOOKMATCH_<FIELD>``; ``ANTHROPIC_API_KEY`` keeps the name its SDK uses. Unknown values raise, naming the
variable and what is accepted.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lookmatch_serving.errors import ConfigurationError

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?")


class Market(StrEnum):
    """Markets, by ISO 3166-1 alpha-2 code."""

    INDIA = "IN"
    USA = "US"
    JAPAN = "JP"

    @property
    def currency(self) -> str:
        """What is paid with there, ISO 4217."""
        return {Market.INDIA: "INR", Market.USA: "USD", Market.JAPAN: "JPY"}[self]


class Settings(BaseSettings):
    """All settings. Paths are absolute after validation.

    Attributes:
        home: folder of all local state.
        database_url: Postgres URL (``postgresql://user:pw@host/db``); None starts the embedded server.
        redis_url: Redis or Valkey URL; None starts the embedded server.
        encoder: key of the encoder that goes live in a market without an index, and is a candidate for promotion elsewhere.
        packet_stream: name of the stream that packets arrive on.
        feed_removal_limit: largest share in [0, 1] of a vendor's products in a market that a full feed removes unconfirmed.
        deadline_ms: default deadline of a search request, milliseconds.
        anthropic_api_key: turns on the Anthropic query generator and reranker.
        anthropic_model: model of the vision calls.
        bit_index_products: products of a market from which on candidates are found by an index over the signs of vectors.
        rerank_top_k: candidates of a layer that the reranker sees.
        batch_wait_seconds: how long the offline job waits for a Message Batch; asked the same later, it goes on waiting for it.
        rerank_orders: 2 shows them to the model in two opposite orders at a time and takes the mean, at twice the cost.
        segmenter: ``embedded``, or ``florence-sam2`` with the next two.
        florence: folder of a Florence-2 model; None takes the one that `lookmatch models pull` fetched.
        sam2_checkpoint: file of ``sam2.1_hiera_tiny`` weights; None takes the one that was pulled.
        image_weight: weight in [0, 1] of a layer's segment of the look beside its query text, when candidates are searched.
        allow_private_addresses: let the image fetcher reach private and loopback addresses (development only).
        require_api_key: refuse API requests without a valid key.
        cors_origins: from whose pages browsers may call the API, for example ``https://app.example``; none unless set.
        preferences: ``soft`` moves up what fits the shopper that a search names, ``hard`` leaves out what does not.
        language: of the pages, ``en`` or ``ja``; None goes by the browser's languages. Shoppers can switch.
        resized_pictures_mb: most megabytes of resized pictures kept on disk.
        app_url: address that the app is reached at, for links from Dagster to its console.
        dagster_url: address of the Dagster UI, for links from the console; None shows none.
    """

    model_config = SettingsConfigDict(env_prefix="LOOKMATCH_", extra="ignore", populate_by_name=True)

    home: Path = Path(".lookmatch")
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    encoder: str = "lookmatch-mini"
    packet_stream: str = "lookmatch:packets"
    feed_removal_limit: float = Field(default=0.3, ge=0, le=1)
    deadline_ms: int = Field(default=1000, ge=50, le=60_000)
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_API_KEY"))
    anthropic_model: str = "claude-haiku-5-5"
    bit_index_products: int = Field(default=1_000_000, ge=1)
    rerank_top_k: int = Field(default=10, ge=1, le=50)
    rerank_orders: int = Field(default=1, ge=1, le=2)
    batch_wait_seconds: float = Field(default=3600.0, ge=0)
    segmenter: Literal["embedded", "florence-sam2"] = "embedded"
    florence: Path | None = None
    sam2_checkpoint: Path | None = None
    image_weight: float = Field(default=0.3, ge=0, le=1)
    allow_private_addresses: bool = False
    require_api_key: bool = False
    preferences: Literal["soft", "hard"] = "soft"
    language: Literal["en", "ja"] | None = None
    resized_pictures_mb: int = Field(default=2048, ge=1)
    app_url: str = Field(default="http://127.0.0.1:8000", pattern=r"^https?://[^\s]+$")
    dagster_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        if isinstance(value, str):
            value = tuple(one for one in re.split(r"[\s,]+", value) if one)
        if isinstance(value, tuple) and not all(_ORIGIN.fullmatch(str(one)) for one in value):
            raise ValueError("accepted are origins such as https://app.example, separated by commas")
        return value

    @field_validator("database_url", "redis_url", "anthropic_api_key")
    @classmethod
    def _empty_is_unset(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value and value.get_secret_value() else None

    @property
    def image_folder(self) -> Path:
        """Content-addressed store of fetched product pictures."""
        return self.home / "images"

    @property
    def resized_folder(self) -> Path:
        """Pictures in the sizes that pages show; may be emptied at any time."""
        return self.home / "resized"

    @property
    def look_folder(self) -> Path:
        """Pictures of looks, one file a look."""
        return self.home / "looks"


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: naming each variable that is wrong, its value (secrets excepted) and what is accepted.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"LOOKMATCH_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError("; ".join(lines)) from error
