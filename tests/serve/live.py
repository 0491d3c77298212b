"""A real server in a thread of the test, on a free port of this machine."""

import contextlib
import socket
import threading
import time

import uvicorn


@contextlib.contextmanager
def served(app):
    """Run an application in uvicorn in a thread; yields its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            ends = time.monotonic() + 20
            while not server.started and time.monotonic() < ends:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
