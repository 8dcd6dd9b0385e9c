"""Retailers: their names, the hosts that their links may lead to, and the partner parameters that are put on a link.

``<home>/retailers.yaml`` says it by vendor::

    meridian:
      name: Meridian
      hosts: [meridian.example, www.meridian.example]
      parameters: {utm_source: lookmatch, affid: lm-42, subid: "{click_id}"}
    northlane:
      hosts: [northlane.example]
      deep_link: "https://go.network.example/c?merchant=7&to={url}"

Values may use ``{click_id}``, ``{product_id}``, ``{vendor_product_id}`` and ``{market}``. A vendor that is not in the file has no
parameters, and its known hosts are those that a tenth or more of its own products link to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lookmatch_serving.errors import ConfigurationError

FILE_NAME = "retailers.yaml"
PLACEHOLDERS = ("click_id", "product_id", "vendor_product_id", "market")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
_DEEP_LINK = re.compile(r"https?://[a-z0-9.:-]+/\S*")


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} is no host in lower case, such as shop.example or 127.0.0.1:8080")
    return text


def _template(text: str) -> str:
    return _with_placeholders(text, PLACEHOLDERS)


def _deep_link(text: str) -> str:
    if not _DEEP_LINK.fullmatch(text) or "{url}" not in text:
        raise ValueError("a web address with {url} where the escaped address of the product goes")
    return _with_placeholders(text, (*PLACEHOLDERS, "url"))


def _with_placeholders(text: str, accepted: tuple[str, ...]) -> str:
    for _, name, form, conversion in Formatter().parse(text):
        if name is not None and (name not in accepted or form or conversion):
            raise ValueError(f"{{{name}}} is not known; accepted: {', '.join(accepted)}")
    return text


class Retailer(BaseModel):
    """What a vendor's links are checked against and given.

    Attributes:
        name: for shoppers; the vendor's own key when left out.
        hosts: that its products may link to, with a port where it is not the scheme's own.
        parameters: put on a link's query, in the place of parameters of the same names.
        deep_link: a network's address that leads on to the link, which takes the place of ``{url}``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, min_length=1, max_length=100)
    hosts: list[Annotated[str, AfterValidator(_host)]] = Field(default_factory=list, max_length=50)
    parameters: dict[str, Annotated[str, AfterValidator(_template)]] = Field(default_factory=dict, max_length=50)
    deep_link: Annotated[str, AfterValidator(_deep_link)] | None = None


def read_retailers(home: Path) -> Mapping[str, Retailer]:
    """Retailers by vendor; none when there is no file.

    Raises:
        ConfigurationError: the file cannot be used; the message names the place.
    """
    path = home / FILE_NAME
    if not path.exists():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, Retailer]).validate_python(found or {})
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ConfigurationError(f"{path}: " + "; ".join(lines)) from error
