"""The algorithms, one file each, by family; reached through :mod:`mainstay.learners.catalogue`.

A learner sees arrays, never tables or files. Nothing heavy is imported before a learner fits.
"""
