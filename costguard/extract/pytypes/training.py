"""What is known about a call that trains or explains a model."""

from __future__ import annotations

import ast
from typing import Final

from costguard.extract.pytypes.constants import keyword
from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.state import Site

_ROOTS: Final = ("sklearn.", "lightgbm.", "xgboost.", "catboost.")
_THREADED: Final = (
    "lightgbm.",
    "xgboost.",
    "catboost.",
    "sklearn.ensemble.HistGradientBoosting",
    "sklearn.cluster.KMeans",
    "sklearn.cluster.MiniBatchKMeans",
    "sklearn.cluster.BisectingKMeans",
)
"""Libraries and estimators that use all cores unless told otherwise."""
_PREPARATION: Final = (
    "sklearn.preprocessing.",
    "sklearn.feature_extraction.",
    "sklearn.impute.",
    "sklearn.compose.",
    "sklearn.decomposition.",
    "sklearn.feature_selection.",
)
_TRAINERS: Final = frozenset(
    {"lightgbm.train", "lightgbm.cv", "xgboost.train", "xgboost.cv", "catboost.train"}
)
_THREADS: Final = ("n_jobs", "nthread", "thread_count", "num_threads", "n_threads")


def describe_training(site: Site, types: ModuleTypes) -> str | None:
    """`<estimator> threaded|single|transformer` for a call that fits one; None for other calls."""
    function = site.function
    if function in _TRAINERS:
        return f"{function} threaded"
    name = function.rpartition(".")[2]
    if name not in {"fit", "fit_predict", "fit_transform"} or not function.startswith(_ROOTS):
        return None
    estimator = function[: -len(name) - 1]
    if estimator.startswith(_PREPARATION):
        return f"{estimator} transformer"
    if estimator.startswith(_THREADED) or _asks_for_threads(estimator, types):
        return f"{estimator} threaded"
    return f"{estimator} single"


def _asks_for_threads(estimator: str, types: ModuleTypes) -> bool:
    """Whether the module constructs this estimator with a number of threads other than one."""
    for site in types.evaluation.sites.values():
        if site.function != estimator:
            continue
        for word in _THREADS:
            value = keyword(site.node, word)
            if value is not None and not (isinstance(value, ast.Constant) and value.value in (1, None)):
                return True
    return False
