"""Requests that no honest client sends: hypothesis strategies for bodies, headers, framing and plain garbage."""

import json
import zlib

from hypothesis import strategies as st

from serving_parts.client import post
from serving_parts.forest import FEATURES

_BIG = [
    "1e400", "-1e400", "1e-400", "9" * 400, "-0", "-0.0", "0.1e1", "1E+3", "01", "+1", ".5", "1.", "0x10", "NaN",
    "Infinity", "-Infinity", "1e", "null", "true", "9007199254740993", "3.4028236e38", "1.7976931348623157e308",
    "18446744073709551616", "-9223372036854775809",
]  # fmt: skip
_ODD_TEXT = [
    "", " ", "\x00", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "e\u0301", "\U0001f600" * 9, "1", "1.5",
    "1,5", "NaN",
    "null", "a" * 3000, "'; DROP TABLE rows;--", "../../etc/passwd", "${jndi:ldap://x}", "<script>", "%00", "__proto__",
]  # fmt: skip
_TYPES = [
    "application/json; charset=utf-8", "application/json;charset=utf-16", "APPLICATION/JSON", "application/jsonx",
    "text/plain", "application/xml", "", "application/json, text/html", "multipart/form-data; boundary=x", "*/*",
    "application/x-www-form-urlencoded", "application/json;" + "x" * 500, "a/b;c", "application/octet-stream",
]  # fmt: skip
_ASKED = ["/predict", "/predict", "/predict?explain=true", "/models/forest/predict", "/v2/models/forest/infer"]
_PATHS = [
    *_ASKED, "/predict?explain=maybe", "/predict?explain=true&explain=false", "/predict/", "/models/%2e%2e/predict",
    "/models/nobody/predict", "/models/forest/schema", "/v2",
    "/v2/models/forest/infer", "/v2/models/forest", "/v2/models/forest/versions/1/infer", "/v2/health/ready",
    "/models", "/metrics", "/health/live", "/health/ready", "/openapi.json", "/docs", "/", "/..", "//predict", "/%00",
    "/predict?" + "q=1&" * 300, "/" + "a" * 2000, "/models/" + "%F0%9F%98%80" * 20 + "/predict", "/predict#x",
]  # fmt: skip

text = st.one_of(st.text(max_size=30), st.sampled_from(_ODD_TEXT))
scalar = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**400), 10**400), st.floats(), text,
)  # fmt: skip
anything = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(text, inner, max_size=6), max_leaves=25
)


def _dump(value):
    return json.dumps(value).encode()


@st.composite
def near_row(draw):
    """Return a right row with some cells spoilt, left out, or added."""
    row = {name: draw(st.floats(-5, 5)) for name in FEATURES}
    for name in draw(st.lists(st.sampled_from(FEATURES), max_size=3)):
        row[name] = draw(st.one_of(scalar, anything))
    for name in draw(st.lists(st.sampled_from(FEATURES), max_size=2)):
        row.pop(name, None)
    if draw(st.integers(0, 4)) == 0:
        row[draw(text)] = draw(scalar)
    return row


@st.composite
def raw_numbers(draw):
    """Return the text of a row in which numbers are written as no library would."""
    cells = [f'"{name}":{draw(st.sampled_from(_BIG))}' for name in FEATURES]
    return ("{" + ",".join(cells + cells[:1]) + "}").encode()


@st.composite
def deep(draw):
    depth = draw(st.sampled_from([10, 33, 65, 200, 1000, 5000, 100_000]))
    how = draw(st.integers(0, 3))
    if how == 0:
        return b"[" * depth + b"]" * depth
    if how == 1:
        return b'{"f0":' * depth + b"1" + b"}" * depth
    if how == 2:
        return b"[" * depth
    return b'{"rows":[{"f0":' + b"[" * depth + b"]" * depth + b"}]}"


@st.composite
def batch(draw):
    rows = draw(st.lists(st.one_of(near_row(), anything), max_size=8))
    body = {"rows": rows}
    if draw(st.booleans()):
        body["on_error"] = draw(st.one_of(st.sampled_from(["row", "fail", "rows", "", None, 1]), anything))
    if draw(st.integers(0, 5)) == 0:
        body[draw(text)] = draw(anything)
    return body


@st.composite
def tensors(draw):
    """Return a body of the inference protocol V2, right or nearly."""
    name = st.one_of(st.sampled_from(FEATURES), text)
    one = st.fixed_dictionaries(
        {},
        optional={
            "name": st.one_of(name, scalar),
            "shape": st.one_of(st.lists(st.integers(-3, 5), max_size=3), st.just([1]), anything),
            "datatype": st.one_of(st.sampled_from(["FP64", "FP32", "INT64", "BYTES", "BOOL", "FP16", "X"]), scalar),
            "data": st.one_of(st.lists(scalar, max_size=5), anything),
            "parameters": anything,
        },
    )
    return {"id": draw(scalar), "inputs": draw(st.one_of(st.lists(one, max_size=12), anything))}


@st.composite
def near_tensors(draw):
    """Return a right body of the protocol V2 with at most a tensor or two spoilt."""
    count = draw(st.integers(0, 4))
    one = {"datatype": "FP64", "shape": [count]}
    inputs = [
        {**one, "name": name, "data": draw(st.lists(st.floats(-5, 5), min_size=count, max_size=count))}
        for name in FEATURES
    ]
    for place in draw(st.lists(st.integers(0, 9), max_size=2)):
        key = draw(st.sampled_from(["name", "datatype", "shape", "data", "parameters"]))
        inputs[place][key] = draw(
            st.one_of(anything, st.sampled_from(["BYTES", "INT64", [count, 1], [count + 1], [-1]]))
        )
    return {"inputs": inputs, **draw(st.sampled_from([{}, {"id": "a"}, {"outputs": [{"name": "prediction"}]}]))}


@st.composite
def spoilt(draw):
    """Return a right body cut off, with bytes turned or put in."""
    body = bytearray(_dump(draw(near_row())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        how = draw(st.integers(0, 2))
        if how == 0:
            del body[at:]
        elif how == 1:
            body[at : at + 1] = draw(st.binary(max_size=2))
        else:
            body[at:at] = draw(st.binary(max_size=6))
    return bytes(body)


LARGE = [
    _dump({"f0": "x" * 1_100_000}),
    _dump({"rows": [{}] * 1001}),
    _dump({"rows": [dict.fromkeys(FEATURES, 0.5)] * 900}),
    b" " * 1_048_577,
    b'{"f0":' + b"1" * 900_000 + b"}",
    _dump({f"name{number}": number for number in range(20_000)}),
]

rows = st.one_of(near_row(), near_row(), batch()).map(_dump)
bodies = st.one_of(
    rows, rows, tensors().map(_dump), near_tensors().map(_dump), anything.map(_dump), spoilt(), raw_numbers(), deep(),
    st.binary(max_size=200), st.just(b""),
)  # fmt: skip
_fitting = {"/v2/models/forest/infer": st.one_of(tensors(), near_tensors(), near_tensors()).map(_dump)}


@st.composite
def framed(draw):
    """Return a request whose framing is right: exactly one answer must come."""
    if draw(st.integers(0, 60)) == 0:
        return post(draw(st.sampled_from(_ASKED)), draw(st.sampled_from(LARGE)))
    path = draw(st.sampled_from(_ASKED if draw(st.integers(0, 3)) else _PATHS))
    return post(path, draw(_fitting.get(path, rows) if draw(st.booleans()) else bodies))


_safe = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=":")


@st.composite
def headed(draw):
    """Return a rightly framed request with odd methods and headers: an answer or an end must come."""
    body = draw(bodies)
    method = draw(
        st.sampled_from(["POST", "POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "QUERY"])
    )
    lines = [f"{method} {draw(st.sampled_from(_PATHS))} HTTP/1.1", "Host: 127.0.0.1"]
    lines.append(f"Content-Type: {draw(st.sampled_from(_TYPES))}")
    pairs = st.tuples(st.text(_safe, min_size=1, max_size=20), st.text(_safe, max_size=50))
    lines += [f"{name}: {value}" for name, value in draw(st.lists(pairs, max_size=4))]
    odd = [
        "X-Request-Id: " + "x" * 5000, "X-Request-Id: \u00e9\u00ff", "X-Request-Id: a b\tc", "Authorization: Bearer",
        "Authorization: Basic " + "A" * 900, "Accept-Encoding: gzip, br", "Range: bytes=0-", "Accept: application/xml",
        "Origin: null", "Cookie: " + "a=b;" * 500, "X-Forwarded-For: 1.1.1.1, ::1", "Upgrade: websocket", "Expect: 1",
        "Connection: close", "Connection: upgrade", "Inference-Header-Content-Length: 99", "Host: evil.example",
    ]  # fmt: skip
    lines += draw(st.lists(st.sampled_from(odd), max_size=3))
    if draw(st.integers(0, 8)) == 0:
        body = zlib.compress(body)
        lines.append("Content-Encoding: deflate")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked():
    """Return requests in chunks of odd sizes, rightly framed: an answer must come."""
    return _in_chunks(torn_apart=False)


def torn():
    """Return requests of which a chunk lies about its size: the server may wait until the client has gone."""
    return _in_chunks(torn_apart=True)


@st.composite
def _in_chunks(draw, *, torn_apart):
    body = draw(st.one_of(bodies, st.just(_dump(dict.fromkeys(FEATURES, 0.25)))))
    parts, at = [], 0
    while at < len(body):
        size = draw(st.integers(1, 40)) if len(body) < 400 else len(body) // 3 + 1
        part = body[at : at + size]
        note = draw(st.sampled_from(["", "", ";a=b", ";" + "x" * 50]))
        parts.append(f"{len(part):x}{note}\r\n".encode() + part + b"\r\n")
        at += size
    if torn_apart:
        parts = parts or [b""]
        place = draw(st.integers(0, len(parts) - 1))
        parts[place] = draw(st.sampled_from([b"zz\r\n", b"-1\r\n\r\n", b"ffffffffffffffff1\r\n", b"5\r\nab", b"\r\n"]))
    head = (
        b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    )
    if torn_apart and draw(st.integers(0, 3)) == 0:
        head += b"Content-Length: 5\r\n"
    return head + b"\r\n" + b"".join(parts) + b"0\r\n\r\n"


@st.composite
def garbage(draw):
    """Return bytes that are no HTTP, or good requests with garbage between and after them."""
    good = post("/predict", _dump(dict.fromkeys(FEATURES, 0.5)))
    noise = st.one_of(
        st.binary(min_size=1, max_size=400),
        st.sampled_from(
            [
                b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n", b"\r\n" * 50, b"POST /predict HTTP/1.1\r\n",
                b"\x16\x03\x01\x02\x00",
                b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"GET " + b"/" * 70_000,
                b"POST /predict HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"A: " + b"b" * 70_000,
                b"POST /predict HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", b"\x00" * 100,
                b"POST /predict HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost a\r\n\r\n", b"GET / HTTP/1.1\nHost: a\n\n",
                b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
            ]
        ),
    )  # fmt: skip
    parts = draw(st.lists(st.one_of(st.just(good), noise, noise), min_size=1, max_size=5))
    whole = b"".join(parts)
    return whole[: draw(st.integers(1, len(whole)))] if draw(st.booleans()) else whole
