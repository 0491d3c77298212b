"""The algorithms that group rows, one file each; reached through :mod:`mainstay.learners.cluster.catalogue`.

Arrays in, a :class:`~mainstay.contracts.clusters.Clustering` out; nothing heavy is imported before one fits.
"""
