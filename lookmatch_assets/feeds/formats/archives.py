"""Pictures of a catalogue folder, by product id, whether they lie in a folder or in tar archives."""

from __future__ import annotations

import logging
import lzma
import os
import tarfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.record import valid_subject

MAX_PICTURE_BYTES = 20 * 2**20
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_DAMAGED = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError)
"""What reading a damaged archive raises, compressed ones included."""

logger = logging.getLogger(__name__)


class Pictures:
    """Finds ``<id>.jpg`` in ``<folder>/images/`` or in ``<folder>/images-*.tar``.

    Archives are opened one after the other, only until the wanted picture is found. Of an archive only regular files with a
    picture's name are taken, at most ``MAX_PICTURE_BYTES`` each, and written under a name that we make: no path of the archive
    is ever followed.
    """

    def __init__(self, folder: Path, workspace: Path, extract: bool) -> None:
        self._loose = folder / "images"
        self._pending = sorted(folder.glob("images*.tar"), reverse=True)
        self._workspace = workspace
        self._extract = extract
        self._open: list[tarfile.TarFile] = []
        self._members: dict[str, tuple[tarfile.TarFile, tarfile.TarInfo]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for archive in self._open:
            archive.close()

    def url_of(self, product: str) -> str | None:
        """The file URL of a product's picture; None when there is none."""
        try:
            valid_subject(product)
        except RecordError:
            return None
        if "/" in product:
            return None
        for suffix in _SUFFIXES:
            loose = self._loose / f"{product}{suffix}"
            if loose.is_file():
                return loose.resolve().as_uri()
        while product not in self._members and self._pending:
            self._index(self._pending.pop())
        found = self._members.get(product)
        return self._taken_out(product, *found) if found else None

    def _index(self, path: Path) -> None:
        """Note the pictures of an archive; of a damaged one those before the damage, since the records are sound."""
        try:
            archive = tarfile.open(path)  # noqa: SIM115  closed by __exit__
            self._open.append(archive)
            for member in archive:
                name = Path(member.name)
                if member.isreg() and name.suffix.lower() in _SUFFIXES and member.size <= MAX_PICTURE_BYTES:
                    self._members.setdefault(name.stem, (archive, member))
        except _DAMAGED as error:
            logger.warning("the archive %s cannot be read to its end: %s", path.name, error)

    def _taken_out(self, product: str, archive: tarfile.TarFile, member: tarfile.TarInfo) -> str | None:
        target = self._workspace / f"{product}{Path(member.name).suffix.lower()}"
        if self._extract and not (target.is_file() and target.stat().st_size == member.size):
            content = _content(archive, member)
            if content is None:
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.{os.getpid()}")
            partial.write_bytes(content)
            partial.replace(target)
        return target.resolve().as_uri()


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    """A member's bytes; None where the archive is cut off within them."""
    try:
        content = archive.extractfile(member)
        return content.read() if content else None
    except _DAMAGED as error:
        logger.warning("%s cannot be taken out of its archive: %s", member.name, error)
        return None
