"""A real browser for tests: headless Chromium over the DevTools protocol on a pipe, and no package beside Python.

A browser is one process; each page is a target of its own, which notes what it logged, refused and asked for.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FLAGS = tuple(
    f"--{flag}"
    for flag in (
        *("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
        *("disable-component-update", "disable-sync", "disable-extensions", "disable-dev-shm-usage", "mute-audio"),
        *("hide-scrollbars", "remote-debugging-pipe"),
    )
)

# The browser reads commands from 3 and writes answers to 4; a shell can not move descriptors above 9.
_START = """
import os, sys
ends = [os.dup2(int(given), 100 + at) for at, given in enumerate(sys.argv[1:3])]
for at, end in enumerate(ends):
    os.dup2(end, 3 + at)
os.execv(sys.argv[3], sys.argv[3:])
"""


def chromium():
    """Return the path of Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """Headless Chromium; a context manager that ends the process and all that belong to it."""

    def __init__(self, program, *, seconds=30):
        self.seconds = seconds
        self._folder = tempfile.mkdtemp(prefix="browser-")
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        command = [sys.executable, "-c", _START, str(to_read), str(to_write), program, *FLAGS]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self._folder}", "about:blank"], pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(to_read)
        os.close(to_write)
        self._left = b""
        self._number = 0
        self.pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, AssertionError):
            self.call("Browser.close", seconds=3)
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(3)
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
        self._process.wait(5)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._folder, ignore_errors=True)

    def call(self, method, parameters=None, session=None, seconds=None):
        """Send a command and return its result; events that come meanwhile go to their pages."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        ends, wanted = time.monotonic() + (seconds or self.seconds), self._number
        while True:
            came = self._next(ends)
            assert came is not None, f"the browser did not answer {method}"
            if came.get("id") == wanted:
                assert "error" not in came, f"{method}: {came['error']}"
                return came["result"]
            self._event(came)

    def listen(self, seconds):
        """Take in events for a while."""
        ends = time.monotonic() + seconds
        while (came := self._next(ends)) is not None:
            self._event(came)

    def _next(self, ends):
        while b"\0" not in self._left:
            if not select.select([self._from], [], [], max(0.0, ends - time.monotonic()))[0]:
                return None
            part = os.read(self._from, 1 << 20)
            assert part, "the browser has ended"
            self._left += part
        message, _, self._left = self._left.partition(b"\0")
        return json.loads(message)

    def _event(self, message):
        page = self.pages.get(message.get("sessionId"))
        if page is not None:
            page.event(message["method"], message["params"])

    def page(self, *, width=1280, height=900, dark=False, touch=False):
        """Return a new page of that size."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self.pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch})  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", {"features": [scheme]})
        return page


class Page:
    """One page.

    Attributes
    ----------
    errors : list of str
        What the console was told of errors and of violations of the content security policy, and exceptions.
    requests : list of str
        Every address that was asked for.
    """

    def __init__(self, browser, session, target):
        self._browser = browser
        self._session = session
        self._target = target
        self.errors = []
        self.requests = []

    def call(self, method, parameters=None):
        return self._browser.call(method, parameters, self._session)

    def event(self, method, parameters):
        if method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            entry = parameters["entry"]
            self.errors.append(f"{entry['text']} ({entry.get('url', '')})")
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def open(self, address, ready="document.readyState === 'complete'"):
        """Go to an address and wait until the condition holds there."""
        failed = self.call("Page.navigate", {"url": address}).get("errorText")
        assert not failed, f"{address}: {failed}"
        self.wait(f"location.href.startsWith({json.dumps(address)}) && ({ready})")

    def ask(self, expression):
        """Return the value of an expression of JavaScript; promises are awaited."""
        found = self.call("Runtime.evaluate", {
            "expression": expression, "returnByValue": True, "awaitPromise": True})  # fmt: skip
        details = found.get("exceptionDetails")
        assert details is None, f"{expression}: {details.get('exception', {}).get('description', details['text'])}"
        return found["result"].get("value")

    def wait(self, condition, seconds=15):
        """Wait until an expression is true."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            with contextlib.suppress(AssertionError):  # a page that is just being replaced cannot say
                if self.ask(f"Boolean({condition})"):
                    return
            self._browser.listen(0.03)
        shown = self.ask("document.body.innerText.slice(0, 600)")
        raise AssertionError(f"it did not come to: {condition}\nerrors: {self.errors}\nthe page says: {shown}")

    def click(self, selector):
        """Click with the mouse in the middle of an element."""
        place = self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", {
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1})  # fmt: skip

    def type(self, selector, text):
        """Replace what a text field holds by what is typed."""
        self.ask(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.focus(); e.select(); }})()")
        if text:
            self.call("Input.insertText", {"text": text})
        else:
            self.press("Delete")

    def press(self, key, *, control=False):
        """Press a key."""
        codes = {"Enter": 13, "Delete": 46, "Tab": 9, "ArrowRight": 39, "ArrowDown": 40}
        modifiers = 2 if control else 0
        text = {"text": "\r"} if key == "Enter" and not control else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", {
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key], "modifiers": modifiers,
                **(text if kind == "keyDown" else {})})  # fmt: skip

    def choose(self, selector, words):
        """Choose the option of a select with these words, as a person does: with an input and a change event."""
        self.ask(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            f" const o = [...e.options].find((o) => o.textContent === {json.dumps(words)});"
            " if (!o) throw new Error('no such option: ' + [...e.options].map((o) => o.textContent));"
            " e.value = o.value; e.dispatchEvent(new Event('input', {bubbles: true}));"
            " e.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )

    def picture(self, path, *, whole=True):
        """Write a PNG of the page."""
        data = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self._browser.call("Target.closeTarget", {"targetId": self._target})
