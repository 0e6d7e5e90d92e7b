"""Files that are downloaded once: how they get to the cache folder whole, and how they are checked and unpacked."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.reading import refuse_while_deserializing, translated
from ..core.terminal import columns
from ..version import __version__
from .files import atomic_folder, atomic_write, cache_folder

CHUNK = 1 << 18
READ_SECONDS = 15  # a server may be silent for this long
TOTAL_SECONDS = 900  # and a file may take this long: 26 MB at 30 kB/s


class Progress:
    """A line on stderr about a transfer; redrawn ten times a second on a terminal, written once elsewhere.

    Args:
        name: Of the file.
        total: Its bytes, None if unknown.
    """

    def __init__(self, name: str, total: int | None) -> None:
        self.name = name
        self.total = total
        self.is_terminal = sys.stderr.isatty()
        self._next = 0.0
        if not self.is_terminal:
            print(f"Downloading {name}" + (f" ({total / 1e6:.1f} MB)" if total else ""), file=sys.stderr)

    def close(self) -> None:
        """End the line."""
        if self.is_terminal:
            print(file=sys.stderr)

    def update(self, done: int) -> None:
        """Draw the line, if it is time to.

        Args:
            done: Bytes that have arrived.
        """
        if not self.is_terminal or (time.monotonic() < self._next and done != self.total):
            return
        self._next = time.monotonic() + 0.1
        if self.total:
            count = f"{done / 1e6:.1f}/{self.total / 1e6:.1f} MB"
            width = min(30, (columns(sys.stderr) or 80) - len(self.name) - len(count) - 5)  # blanks, brackets, one free
            filled = min(width, width * done // self.total)
            bar = f"[{'=' * filled}{' ' * (width - filled)}] {count}" if width >= 5 else count
        else:
            bar = f"{done / 1e6:.1f} MB"
        print(f"\r{self.name} {bar}", end="", file=sys.stderr, flush=True)


def download(url: str, path: str | os.PathLike[str], *, max_bytes: int, check: Callable[[Path], Any] | None = None,
             progress: bool = True) -> None:
    """Fetch a file; it appears under `path` only when complete and checked.

    Args:
        url: http, https or file address.
        path: Where to put it; the folder is made.
        max_bytes: The transfer is broken off beyond this.
        check: Called with the path of the complete, not yet visible file; raises to refuse it.
        progress: Whether to show a progress line.

    Raises:
        DataError: the server's refusal, silence, a cut or too large transfer, with the address and the reason.
        OSError: the file cannot be written.
    """
    import urllib.parse  # here and below: what only a download needs would cost every import of tinynet 25 ms
    import urllib.request

    refuse_while_deserializing("download", url)
    if urllib.parse.urlsplit(url).scheme not in ("http", "https", "file"):
        raise DataError(f"{url}: only http, https and file addresses can be downloaded")
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    request = urllib.request.Request(
        url, headers={"User-Agent": f"tinynet/{__version__}", "Accept-Encoding": "identity"}
    )
    with contextlib.ExitStack() as stack:
        response = stack.enter_context(_named(url, lambda: urllib.request.urlopen(request, timeout=READ_SECONDS)))
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        if total is not None and total > max_bytes:
            raise DataError(f"{url}: the server offers {total} bytes, more than the {max_bytes} expected")
        line = Progress(path.name, total) if progress else None
        if line:
            stack.callback(line.close)
        file = stack.enter_context(atomic_write(path, by_all=True))
        deadline = time.monotonic() + TOTAL_SECONDS
        done = 0
        # read1 returns what has arrived, so that the deadline also ends a server that sends a byte now and then.
        read = getattr(response, "read1", response.read)
        while chunk := _named(url, lambda: read(CHUNK)):
            done += len(chunk)
            if done > max_bytes:
                raise DataError(f"{url}: sent more than the {max_bytes} bytes expected")
            if time.monotonic() > deadline:
                raise DataError(f"{url}: too slow, {done} bytes in {TOTAL_SECONDS} s")
            file.write(chunk)
            if line:
                line.update(done)
        if total is not None and done != total:
            raise DataError(f"{url}: the transfer ended after {done} of {total} bytes")
        file.flush()
        if check is not None:
            check(Path(file.name))


def _named(url, action):
    """Run a step of a transfer; what goes wrong becomes a DataError with the address."""
    import urllib.error
    from http.client import HTTPException

    try:
        return action()
    except urllib.error.HTTPError as error:
        raise DataError(f"{url}: the server answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise DataError(f"{url}: no answer for {READ_SECONDS} s") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise DataError(f"{url}: no answer for {READ_SECONDS} s") from error
        raise DataError(f"{url}: {error.reason}") from error
    except (HTTPException, OSError, ValueError) as error:
        raise DataError(f"{url}: {error or type(error).__name__}") from error


def file_hash(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """Return the checksum of a file, as hexadecimal text."""
    import hashlib  # late

    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def check_hash(path: str | os.PathLike[str], expected: str, algorithm: str = "auto", name: str | None = None) -> None:
    """Refuse a file whose checksum is not `expected`.

    Args:
        path: Of the file.
        expected: Hexadecimal text.
        algorithm: "sha256", "md5", or "auto": by the length of `expected`.
        name: How the message calls the file; its path if None.

    Raises:
        DataError: with both checksums.
    """
    if algorithm == "auto":
        algorithm = "sha256" if len(expected) == 64 else "md5"
    found = file_hash(path, algorithm)
    if found != expected.lower():
        raise DataError(
            f"{name or path}: {algorithm} is {found}, expected {expected}; the file is damaged or another one"
        )


def get_file(fname: str | None = None, origin: str | None = None, untar: bool = False, md5_hash: str | None = None,
             file_hash: str | None = None, cache_subdir: str = "datasets", hash_algorithm: str = "auto",
             extract: bool = False, archive_format: Any = "auto", cache_dir: str | None = None,
             force_download: bool = False) -> str:
    """Download a file once, check it, and unpack it if `extract` is true.

    Args:
        fname: Its name in the cache; the address's last part if None.
        origin: Address.
        untar: The same as `extract` with "tar".
        md5_hash: Old name of `file_hash` with MD5.
        file_hash: Expected checksum; SHA-256 or MD5 (`hash_algorithm`).
        cache_subdir: Folder inside the cache.
        hash_algorithm: "sha256", "md5", or "auto": by the length of `file_hash`.
        extract: Whether to unpack the archive into `<name>_extracted` and return that folder.
        archive_format: "auto", "tar", "zip" or a list of these.
        cache_dir: Instead of the cache folder.
        force_download: Whether to download even a file that exists.

    Returns:
        Path of the file or folder, as str.

    Raises:
        ValueError: no `origin`, or `fname` is a path.
        DataError: the transfer failed, or the checksum is wrong.

    >>> import pathlib
    >>> pathlib.Path("words.txt").write_text("one two")
    7
    >>> path = get_file("copy.txt", pathlib.Path("words.txt").resolve().as_uri(), cache_dir=".")
    >>> pathlib.Path(path).read_text()
    'one two'
    """
    import shutil  # late

    if origin is None:
        raise ValueError("get_file: origin, the address of the file, is missing")
    from urllib.parse import urlsplit

    name = os.fspath(fname) if fname else os.path.basename(urlsplit(origin).path)
    if not name or name != os.path.basename(name) or name in (".", ".."):
        raise ValueError(
            f"get_file: fname must be a plain file name, got {name!r}; use cache_dir and cache_subdir for the folder"
        )
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    folder = (Path(cache_dir).expanduser() if cache_dir else cache_folder()) / cache_subdir
    extract = extract or untar
    path = folder / (f"{name}_archive" if extract and fname and "." not in name else name)

    def check(candidate):
        if file_hash is not None:
            check_hash(candidate, file_hash, hash_algorithm, name=origin)

    unpacked = folder / (name if path.name.endswith("_archive") else f"{name.split('.')[0]}_extracted")
    archive_format = "tar" if untar else archive_format

    def check_and_unpack(candidate):
        # Before the archive gets its name: a call that ends in between does not leave it beside an older folder.
        check(candidate)
        if extract:
            unpack(candidate, unpacked, archive_format, name=origin)

    wanted = force_download or not path.exists()
    if not wanted:
        try:
            check(path)
        except DataError as error:
            print(f"{error}; downloading it again", file=sys.stderr)
            wanted = True
    if wanted:
        folder.mkdir(parents=True, exist_ok=True)
        download(origin, path, max_bytes=shutil.disk_usage(folder).free, check=check_and_unpack)
    elif extract and not unpacked.exists():
        unpack(path, unpacked, archive_format)
    return str(unpacked if extract else path)


def unpack(path: str | os.PathLike[str], folder: str | os.PathLike[str], archive_format: Any = "auto",
           name: str | None = None) -> None:
    """Unpack a tar or zip archive into a folder, which appears only when complete.

    Names that lead out of the folder, links and devices are refused, and so is more than the disk can hold.

    Args:
        path: Of the archive.
        folder: Where to.
        archive_format: "auto", "tar", "zip" or a list of these.
        name: How the message calls the archive; its path if None.

    Raises:
        DataError: not such an archive, a hostile one, or a damaged one.
    """
    import shutil  # late
    import tarfile
    import zipfile

    formats = (
        ["tar", "zip"]
        if archive_format == "auto"
        else [archive_format]
        if isinstance(archive_format, str)
        else archive_format
    )
    folder, name = Path(folder), os.fspath(path) if name is None else name
    free = shutil.disk_usage(folder.parent).free
    with atomic_folder(folder) as temporary, _named_archive(name), translated(name):
        is_tar = "tar" in formats and _is_tar(path)
        if not is_tar and not ("zip" in formats and zipfile.is_zipfile(path)):
            raise DataError(f"{name}: not a {' or '.join(formats)} archive")
        if is_tar:
            _check_stream(path, free, name)
            with tarfile.open(path) as archive:
                members = archive.getmembers()
                _check_size(name, sum(member.size for member in members), free)
                _check_tar_end(name, archive)
                # Links within the folder too: a chain of them led the filter astray (CVE-2025-4517, Python before
                # 3.11.13 and 3.12.11), and no data set needs one.
                special = next((member for member in members if not (member.isreg() or member.isdir())), None)
                if special is not None:
                    raise DataError(f"{name}: the archive's member {special.name!r:.200} is a link or a device; only "
                                    "files and folders are unpacked")
                archive.extractall(temporary, filter="data")
        else:
            with zipfile.ZipFile(path) as archive:
                _check_size(name, sum(member.file_size for member in archive.infolist()), free)
                for member in archive.namelist():
                    if os.path.isabs(member) or ".." in Path(member).parts:
                        raise DataError(f"{name}: the archive's member {member!r} leads out of the folder")
                archive.extractall(temporary)


@contextlib.contextmanager
def _named_archive(name):
    """Names that cannot be on this file system (too long, a file where a folder must be) are the archive's fault."""
    try:
        yield
    except OSError as error:
        if isinstance(error, DataError) or error.errno not in (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR,
                                                               errno.EEXIST, errno.EILSEQ):
            raise
        raise DataError(f"{name}: {error}") from error


_COMPRESSIONS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")  # of gzip, bzip2, xz


def _is_tar(path):
    """Whether a file is a tar archive, or a compressed file, which is read as one."""
    import tarfile

    with open(path, "rb") as file:
        start = file.read(6)
    return start.startswith(_COMPRESSIONS) or tarfile.is_tarfile(path)


def _check_stream(path, free, name):
    """Read compressed data to its end, where the checksum is: tarfile stops before it, and does not notice damage."""
    import bz2
    import gzip
    import lzma

    with open(path, "rb") as file:
        start = file.read(6)
    openers: tuple[Callable[[Any], Any], ...] = (gzip.open, bz2.open, lzma.open)
    opener = next((opener for magic, opener in zip(_COMPRESSIONS, openers, strict=True) if start.startswith(magic)),
                  None)
    if opener is None:
        return
    done = 0
    with opener(path) as stream:
        while chunk := stream.read(CHUNK):
            done += len(chunk)
            _check_size(name, done, free)


def _check_tar_end(name, archive):
    """After the last member there are zeros or nothing; tarfile takes a damaged header for the end."""
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(512).strip(b"\0"):
        raise DataError(f"{name}: the header at offset {archive.offset} is damaged")


def _check_size(name, declared, free):
    if declared > free:
        raise DataError(f"{name}: unpacks to {declared} bytes, the disk has {free} free")
