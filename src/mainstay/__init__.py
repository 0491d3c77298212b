"""mainstay carries data to a model that people can depend on, and keeps it that way."""

__version__ = "0.1.0"
