"""How many clusters there are: every common criterion as evidence, and one verdict, "no structure" among them.

:func:`choose_k` is the face. ``mixture``, ``growing`` and ``valleys`` decide; the other files hold further evidence.
"""

from mainstay.learners.cluster.choose_k.records import Choice, Evidence
from mainstay.learners.cluster.choose_k.verdict import choose_k

__all__ = ["Choice", "Evidence", "choose_k"]
