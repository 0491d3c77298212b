"""What each member of a detector looks for, in words with its source, for the report, the card and the docs."""

from __future__ import annotations

import msgspec

__all__ = ["MEMBERS", "MemberWords", "title_of"]


class MemberWords(msgspec.Struct, frozen=True):
    """A member in words: its name for people, what it takes for odd, and where it comes from."""

    title: str
    looks_for: str
    source: str


MEMBERS: dict[str, MemberWords] = {
    "isolation_forest": MemberWords(
        "Isolation forest",
        "rows that few random cuts, along columns and across two of them, set apart",
        "Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17; Hariri et al. 2021, doi:10.1109/TKDE.2019.2947676",
    ),
    "robust_mahalanobis": MemberWords(
        "Robust Mahalanobis",
        "rows far from the bulk, where the bulk's spread and correlations are estimated without the odd rows",
        "Rousseeuw and Van Driessen 1999, doi:10.1080/00401706.1999.10485670; Hubert, Rousseeuw and Verdonck 2012, "
        "doi:10.1080/10618600.2012.672100",
    ),
    "kmeans_distance": MemberWords(
        "Nearest cluster",
        "rows far from every large group of rows, in units of the group's own spread",
        "He, Xu and Deng 2003, doi:10.1016/S0167-8655(03)00003-5",
    ),
    "nearest": MemberWords(
        "Nearest row",
        "rows that are far from the nearest of other rows; where some may be odd, in many samples of a few rows, so "
        "that dense groups of anomalies stay odd",
        "Sugiyama and Borgwardt 2013; Aggarwal and Sathe 2015, doi:10.1145/2830544.2830549",
    ),
    "knn": MemberWords(
        "Nearest neighbours",
        "rows whose nearest neighbours among samples of the rows are far",
        "Ramaswamy, Rastogi and Shim 2000, doi:10.1145/342009.335437",
    ),
    "histogram": MemberWords(
        "Histogram tails",
        "rows with values that are rare in their column, column by column",
        "Goldstein and Dengel 2012 (HBOS)",
    ),
    "lof": MemberWords(
        "Local outlier factor",
        "rows whose surroundings are emptier than those of their neighbours",
        "Breunig et al. 2000, doi:10.1145/335191.335388",
    ),
    "one_class_svm": MemberWords(
        "One-class SVM",
        "rows outside of a smooth border around the bulk",
        "Sch\u00f6lkopf et al. 2001, doi:10.1162/089976601750264965",
    ),
    "ecod": MemberWords(
        "ECOD",
        "rows in the tails of the empirical distributions of many columns",
        "Li et al. 2022, doi:10.1109/TKDE.2022.3159580",
    ),
    "copod": MemberWords(
        "COPOD",
        "rows in the tails of the empirical copula",
        "Li et al. 2020, doi:10.1109/ICDM50108.2020.00135",
    ),
    "pca": MemberWords(
        "Principal components",
        "rows that the main directions of the data do not explain",
        "Shyu et al. 2003; Jackson and Mudholkar 1979, doi:10.1080/00401706.1979.10489779",
    ),
    "autoencoder": MemberWords(
        "Autoencoder",
        "rows that a small network, trained to repeat rows, repeats badly",
        "Hawkins et al. 2002, doi:10.1007/3-540-46145-0_17",
    ),
    "taught": MemberWords(
        "Taught by labels",
        "rows like those that were labelled as anomalies, by their columns and by what the other members say",
        "Zhao and Hryniewicki 2018, doi:10.1109/IJCNN.2018.8489605; Geurts et al. 2006, doi:10.1007/s10994-006-6226-1",
    ),
    "half_space_trees": MemberWords(
        "Half-space trees",
        "rows in parts of the space where few rows of the stream have been",
        "Tan, Ting and Liu 2011, doi:10.5591/978-1-57735-516-8/IJCAI11-254",
    ),
    "sub_pca": MemberWords(
        "Sub-sequence PCA",
        "stretches of a series that the main shapes of its stretches do not explain",
        "Liu and Paparrizos 2024 (TSB-AD); Tipping and Bishop 1999, doi:10.1111/1467-9868.00196",
    ),
    "matrix_profile": MemberWords(
        "Matrix profile",
        "stretches of a series that are far from all others",
        "Yeh et al. 2016, doi:10.1109/ICDM.2016.0179",
    ),
    "seasonal_residual": MemberWords(
        "Seasonal residual",
        "points far from what trend and season let expect",
        "the idea of Cleveland et al. 1990 (STL)",
    ),
}
"""By the name in the catalogue. A member without an entry is shown by its name alone."""


def title_of(name: str) -> str:
    """Return a member's name for people.

    Examples
    --------
    >>> title_of("knn"), title_of("my_own")
    ('Nearest neighbours', 'My own')
    """
    known = MEMBERS.get(name)
    plain = name.replace("_", " ")
    return plain[:1].upper() + plain[1:] if known is None else known.title
