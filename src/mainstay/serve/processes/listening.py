"""The socket that a server listens at, opened before anything else, so that a taken port is said at once."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys

from mainstay.contracts.errors import UsageError

__all__ = ["address_of", "listen", "listening_again", "room_for"]

_BACKLOG = 2048
_OTHER_FILES = 128


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket that does not block.

    Raises
    ------
    UsageError
        When the address is none of this machine's, or the port is taken.

    Examples
    --------
    >>> with listen("127.0.0.1", 0) as door:
    ...     address_of(door).startswith("http://127.0.0.1:")
    True
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind)
    except OSError as error:
        raise UsageError(
            f"{host!r} is no address ({error.strerror or error})", where="host", hint="Write for example 127.0.0.1."
        ) from error
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        raise _refused(error, host, port) from error
    found.setblocking(False)
    return found


def listening_again(handle: int) -> socket.socket:
    """Return the socket behind a handle that a parent process has opened."""
    found = socket.socket(fileno=handle)
    found.setblocking(False)
    return found


def address_of(door: socket.socket) -> str:
    """Return where a socket listens, as the beginning of an address."""
    host, port = door.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def room_for(connections: int) -> int:
    """Return how many connections may be open beside the other files of this process, at most those asked for.

    The limit that the system lets this process raise is raised as far as that.

    Examples
    --------
    >>> room_for(10)
    10
    """
    if sys.platform == "win32":
        return connections
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - _OTHER_FILES))


def _refused(error: OSError, host: str, port: int) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"port {port} of {host} is taken", where="port", hint="Give another --port, or 0 for a free one."
        )
    if error.errno == errno.EACCES:
        return UsageError(
            f"port {port} may not be opened by this user", where="port", hint="Give a --port of 1024 or more."
        )
    return UsageError(
        f"cannot listen at {host}:{port} ({error.strerror or error})", where="host",
        hint="Give an address of this machine.",
    )  # fmt: skip
