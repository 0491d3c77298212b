"""The bundle over HTTP: fast, safe, and remembered.

Nothing here imports more than NumPy, ONNX Runtime, msgspec, Starlette and uvicorn, and SQLAlchemy where predictions are
logged: what serves must start at once and stay small.
"""
