"""Fitted models of other libraries into graphs of ours: bring your own.

The order in which a model passes: ``library`` (what the estimator answers), ``sample`` (rows in its own kind of table),
``contract`` (which raw columns it reads, as a schema), ``estimator`` (the whole walk), and one file per family of
estimators that writes nodes: ``encode`` and ``scale`` for steps, ``linear``, ``trees``, ``kernels``, ``ensembles``
for answers. ``foreign`` takes in nodes that another converter wrote.
"""
