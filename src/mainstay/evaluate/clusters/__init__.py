"""Segments that a person can use: what each cluster is, how sure that is, and the report that shows it.

A face only; pure functions on arrays and frames that return plain records (``records.py``), in this order:

    describe.py      ``describe_clusters(frame, schema, labels, points, distances=None, *, seed) -> ClusterPortraits``
                     does all of the next six on samples that it states; under 10 s for half a million rows
    contrasts.py     what sets each cluster apart from the other rows, with intervals; profiles.py the typical member
    rules.py         a short rule that finds a cluster, measured on rows that were not used to find it
    names.py         a short, unique name of the top traits; traits.py which of them say the same
    silhouettes.py   silhouette of a sample, with an interval; map.py the rows in two dimensions
    agreement.py     ``agreement(labels, truth, *, weight=None, seed=0) -> Agreement`` with known labels
    stability.py     ``stability(reference, resamples) -> Stability`` without any

    curve.py         ``curve_of(path, choice) -> Curve``: every k with its criteria, as plain data
    report_data.py   ``ClusterReport``: everything that the page, the card and ``--json`` show
    report.py        ``cluster_report(data) -> str``: the page; card.py ``cluster_card(data) -> str``: as markdown
    sections.py      the parts of the page, each with its charts as data; chart_*.py draw them
"""
