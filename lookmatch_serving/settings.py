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
    """All settings. Paths are absolute after validation. ``docs/configuration.md`` is made of the fields and their docstrings."""

    model_config = SettingsConfigDict(
        env_prefix="LOOKMATCH_", extra="ignore", populate_by_name=True, use_attribute_docstrings=True
    )

    home: Path = Path(".lookmatch")
    """Folder of pictures and all local state."""

    database_url: SecretStr | None = None
    """Postgres 16 or newer with pgvector 0.8 or newer, ``postgresql://user:password@host/database``; unset starts the embedded
    server."""

    redis_url: SecretStr | None = None
    """Redis 7 or newer, or Valkey, ``redis://host``; unset starts the embedded server."""

    encoder: str = "lookmatch-mini"
    """Encoder that goes live in a market without an index and is a candidate for promotion elsewhere: ``lookmatch-mini``
    (bundled), ``clip-vit-h-14`` (production), ``fashion-clip``, ``fashion-siglip`` or ``dinov2``."""

    packet_stream: str = "lookmatch:packets"
    """Name of the stream that packets arrive on."""

    feed_removal_limit: float = Field(default=0.3, ge=0, le=1)
    """Largest share of a vendor's products in a market that a full feed removes without being confirmed."""

    deadline_ms: int = Field(default=1000, ge=50, le=60_000)
    """Deadline of a search that names none, in milliseconds."""

    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices("ANTHROPIC_API_KEY"))
    """Switches query generation and reranking to Anthropic's vision models. The SDK's own ``ANTHROPIC_BASE_URL`` is honoured."""

    anthropic_model: str = "claude-haiku-5-5"
    """Model of the vision calls."""

    bit_index_products: int = Field(default=1_000_000, ge=1)
    """Products of a market from which on candidates are found by an index over the signs of vectors."""

    rerank_top_k: int = Field(default=10, ge=1, le=50)
    """Candidates of a layer that the vision model reorders."""

    rerank_orders: int = Field(default=1, ge=1, le=2)
    """2 shows the candidates to the model in two opposite orders at a time and takes the mean, at twice the cost."""

    batch_wait_seconds: float = Field(default=3600.0, ge=0)
    """How long the offline job waits for a Message Batch, in seconds; asked the same later, it goes on waiting for it."""

    segmenter: Literal["embedded", "florence-sam2"] = "embedded"
    """What cuts the garments out of a look. ``florence-sam2`` needs what ``lookmatch models pull florence-2 sam2`` fetches or the
    next two; without weights the embedded one answers, and each answer says why."""

    florence: Path | None = None
    """Folder of a Florence-2 model; unset takes the one that ``lookmatch models pull`` fetched."""

    sam2_checkpoint: Path | None = None
    """File of ``sam2.1_hiera_tiny`` weights; unset takes the one that ``lookmatch models pull`` fetched."""

    image_weight: float = Field(default=0.3, ge=0, le=1)
    """Weight of a layer's segment of the look beside its query text, when candidates are searched."""

    allow_private_addresses: bool = False
    """Lets the fetcher of pictures reach private and loopback addresses; for development only."""

    require_api_key: bool = False
    """Refuses API requests without a valid key; ``lookmatch keys create`` prints one."""

    preferences: Literal["soft", "hard"] = "soft"
    """How a search with ``user_id`` follows that shopper: ``soft`` moves up what fits, ``hard`` leaves out what does not."""

    language: Literal["en", "ja"] | None = None
    """Language of every page; unset goes by the browser's languages, and shoppers can switch."""

    resized_pictures_mb: int = Field(default=2048, ge=1)
    """Most megabytes of resized pictures kept below the home; the folder ``resized`` there may be emptied at any time."""

    app_url: str = Field(default="http://127.0.0.1:8000", pattern=r"^https?://[^\s]+$")
    """Address that the app is reached at, for links from Dagster to its console; ``make up`` sets it."""

    dagster_url: str | None = Field(default=None, pattern=r"^https?://[^\s]+$")
    """Address of the Dagster UI, for links from the console, which has none when this is unset; ``make up`` sets it."""

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages browsers may let call the API, separated by commas, for example ``https://app.example``."""

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
