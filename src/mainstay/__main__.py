"""Lets ``python -m mainstay`` stand for the command, where the command itself is not on the path."""

from mainstay.apps.cli import main

if __name__ == "__main__":
    main()
