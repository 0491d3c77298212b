"""Bring your own: a model that was fitted elsewhere becomes a bundle, by the same gate as one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.model import Model
from mainstay.lifecycle.outputs import check_outputs, write_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.bundle.records import Label
    from mainstay.contracts.schema import Schema
    from mainstay.data.read import Reading

__all__ = ["pack"]


def pack(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    target: str | None = None,
    schema: Schema | str | Path | None = None,
    labels: Sequence[Label] | None = None,
    positive: Label | None = None,
    task: str = "auto",
    seen: bool = True,
    rounding: float = 0.01,
    out: str | Path | Sequence[str | Path] = (),
    seed: int = 0,
    **reading: Unpack[Reading],
) -> Model:
    """Put a model that was fitted elsewhere into a bundle, after proving that it answers the same.

    The estimator is taken apart and written as a graph: nothing of it is pickled. On every row of ``X`` the bundle's
    answer must be the library's, to 1e-6 and without a class that flips; otherwise nothing is written.

    Parameters
    ----------
    estimator : object
        A fitted classifier or regressor of scikit-learn or a pipeline that ends in one; a model of LightGBM, XGBoost
        or CatBoost, native or with scikit-learn's interface; or the path or bytes of an ONNX file over numbers, whose
        columns are the features of the schema, or of ``X``, in their order.
    X : pandas.DataFrame, polars.DataFrame or NumPy array of shape (n, p)
        For an ONNX file also a path, as every verb reads it.
        Rows of the kind that the estimator was fitted on, as it takes them. A few hundred are a proof, a handful is
        little.
    y : array, Series, list or str, optional
        The true answers, or the name of their column in ``X``. Without them nothing is scored.
    target : str, optional
        What the answer is called; default the name of ``y``, else "target".
    schema : Schema or path, optional
        Your own contract, for names, units, ranges and policies; found from the estimator and ``X`` when not given.
    labels : sequence, optional
        The classes of a booster that knows only their numbers.
    positive : label, optional
        The class that is looked for, of two; default the estimator's second.
    task : {"auto", "classification", "regression"}
    seen : bool, default True
        Whether the model may have been trained on these rows. The report says so beside every score.
    rounding : float, default 0.01
        A bundle reads numbers as float32. The largest share of rows whose answer may change by more than 0.001 for it.
    out : path or sequence of paths
        ``.mainstay`` writes the bundle, ``.html`` the report.
    seed : int, default 0
    **reading
        For an ONNX file: how to read the rows, as in :func:`mainstay.data.read.read`.

    Returns
    -------
    Model

    Raises
    ------
    UsageError
        Naming the part of the estimator that cannot be written, and why.
    ParityError
        When the bundle would not answer as the library does, with the worst row.

    Examples
    --------
    >>> import mainstay
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> model = mainstay.pack(LogisticRegression(max_iter=500).fit(X, y), X, y, target="species")
    >>> model.predict(X.head(2))["prediction"].to_list()
    [0, 0]
    """
    from mainstay.train.adopt.adoption import AdoptSettings, adopt_estimator
    from mainstay.train.adopt.onnx_file import adopt_onnx

    places = check_outputs(out, (".mainstay", ".html"))
    if not 0 <= rounding <= 1:
        raise UsageError(f"the share of rounded rows must be from 0 to 1, and {rounding!r} came", where="rounding")
    settings = AdoptSettings(
        target=_target_name(y, target), task=None if task == "auto" else task, labels=labels, positive=positive,
        seen=seen, rounding=rounding, seed=seed,
    )  # fmt: skip
    own = _own_schema(schema)
    if isinstance(estimator, (str, Path, bytes)):
        model = Model(adopt_onnx(estimator, X, y, schema=own, settings=settings, **reading).bundle)
    elif reading:
        raise UsageError("rows for an estimator are given as a table, and are not read", where=next(iter(reading)))
    else:
        model = Model(adopt_estimator(estimator, X, y, schema=own, settings=settings).bundle)
    for place in places:
        write_output(place, model, None)
    return model


def _target_name(y: Any, target: str | None) -> str:
    if target is not None:
        return target
    name = y if isinstance(y, str) else getattr(y, "name", None)
    return str(name) if name else "target"


def _own_schema(schema: Schema | str | Path | None) -> Schema | None:
    if schema is None or not isinstance(schema, (str, Path)):
        return schema
    from mainstay.data.schema_file import from_toml

    try:
        return from_toml(Path(schema).read_text(encoding="utf-8"), where=str(schema))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the schema could not be read ({error})", where=str(schema)) from error
