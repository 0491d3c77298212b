"""One exchange over a fresh raw socket, with a deadline: what came back, and whether it hung."""

import re
import socket
import time

LIMIT = 5.0
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


def exchange(port, data, *, half_close=False, patience=LIMIT):
    """Send bytes and read until one whole answer, an end, or the deadline.

    Returns
    -------
    tuple
        (statuses, bytes that came, seconds, hung): hung when neither an answer nor an end came in time.
    """
    began = time.monotonic()
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as door:
        try:
            door.sendall(data)
            if half_close:
                door.shutdown(socket.SHUT_WR)
            while not (whole(got, head_only=data.startswith(b"HEAD")) and not half_close):
                door.settimeout(max(0.001, began + patience - time.monotonic()))
                part = door.recv(65536)
                if not part:
                    break
                got += part
        except TimeoutError:
            return statuses(got), got, time.monotonic() - began, not got
        except OSError:
            pass  # the server ended the connection, as it may with what it cannot read
    return statuses(got), got, time.monotonic() - began, False


def statuses(got):
    return [int(one) for one in _STATUS.findall(got)]


def whole(got, *, head_only=False):
    """Whether the first answer is there in full."""
    head, mark, rest = got.partition(b"\r\n\r\n")
    if not mark:
        return False
    length = _LENGTH.search(head)
    if head_only or head[9:12] == b"204":
        return True
    if length is None:
        return rest.endswith(b"0\r\n\r\n")
    return len(rest) >= int(length[1])
