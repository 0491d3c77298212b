"""The bundle: one file that is the model, with the proof that it still is.

The order in which data passes: ``records`` (what a bundle holds), ``pack`` (records into bytes and onto the disk),
``archive`` over ``layout`` and ``manifest`` (bytes into members, refusing any that are not what was written),
``documents`` (members into records), ``audit`` over ``wire`` and ``audit_trees`` (is the graph harmless), ``predict``
(rows into answers), ``replay`` (does it answer as it did), ``open`` and ``verify`` (the two faces).
"""
