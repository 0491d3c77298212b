"""All parts of the report of a clustering, in the order in which a person asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.clusters.sections_choice import (
    choice_section,
    hierarchy_section,
    labels_section,
    methods_section,
    stability_section,
)
from mainstay.evaluate.clusters.sections_groups import map_section, profile_section, silhouette_section

if TYPE_CHECKING:
    from mainstay.evaluate.clusters.report_data import ClusterReport
    from mainstay.evaluate.sections import Section

__all__ = ["cluster_sections", "evidence_sections", "group_sections"]


def cluster_sections(data: ClusterReport) -> tuple[Section, ...]:
    """Return every part that there is something to say in, with its tables and its charts as data."""
    return (*evidence_sections(data), *group_sections(data))


def evidence_sections(data: ClusterReport) -> tuple[Section, ...]:
    """Return why there are so many clusters."""
    return () if data.curve is None else (choice_section(data.curve, method=data.method),)


def group_sections(data: ClusterReport) -> tuple[Section, ...]:
    """Return what the clusters are, how sure they are, and what else was asked for."""
    found = [map_section(data.portraits)]
    if any(portrait.contrasts for portrait in data.portraits.portraits) and data.k > 1:
        found.append(profile_section(data.portraits))
    if data.portraits.silhouettes is not None:
        found.append(silhouette_section(data.portraits.silhouettes, data.portraits.names))
    if data.stability is not None:
        found.append(stability_section(data.stability, data.portraits.names))
    if data.agreement is not None:
        found.append(labels_section(data.agreement, data.labels))
    if data.methods is not None:
        found.append(methods_section(data.methods))
    if data.merges:
        found.append(hierarchy_section(data.merges, data.k))
    return (*found, *data.sections)
