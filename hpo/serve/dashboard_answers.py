"""Answers of optuna-dashboard in another form: for thousands of trials with notes, and for narrow windows.

Its own look for the note and the artifacts of a trial among all attributes of the study, trial by trial, which takes
minutes for ten thousand trials; an importance that it cannot compute is an error of the server; and its pages have
parts of a fixed width, which a phone does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from bottle import Bottle, HTTPResponse, request, response
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from optuna_dashboard._bottle_util import json_api_view
from optuna_dashboard._custom_plot_data import get_plotly_graph_objects
from optuna_dashboard._inmemory_cache import InMemoryCache, get_cached_extra_study_property
from optuna_dashboard._serializer import serialize_frozen_trial, serialize_study_detail
from optuna_dashboard._storage import get_study, get_trials
from optuna_dashboard.preferential._study import _SYSTEM_ATTR_PREFERENTIAL_STUDY

from hpo.serve.page_storage import PageStorage

PAGE = "/dashboard<:re:(/.*)?>"
DETAIL = "/api/studies/<study_id:int>"
IMPORTANCE = "/api/studies/<study_id:int>/param_importances"
OF_TRIAL = re.compile(r"dashboard:(?:artifacts:)?(\d+):")
# Classes of Material UI, of which the pages are built. A list beside a trial stands above it in a narrow window.
NARROW = """<style>
main { min-width: 0; }
@media (max-width: 800px) {
  main .MuiPaper-root, main .MuiCard-root, main .MuiBox-root { min-width: 0 !important; max-width: 100%; }
  main .MuiContainer-root { padding-left: 8px; padding-right: 8px; }
  main .MuiCardContent-root, main .MuiFormGroup-root { flex-wrap: wrap; }
  main .MuiCardContent-root > .MuiBox-root { flex-wrap: wrap; }
  main .MuiGrid-item { flex-basis: 100%; max-width: 100%; }
  main .MuiBox-root:has(> .MuiDivider-vertical) { flex-direction: column; height: auto; }
  main .MuiBox-root:has(+ .MuiDivider-vertical) { max-height: 30vh; overflow: auto; flex-shrink: 0; width: 100%; }
  main .MuiTypography-root, main .MuiCardContent-root { overflow-wrap: anywhere; }
  main pre, main .MuiTableContainer-root { overflow-x: auto; }
}
</style>
"""


def adapt(app: Bottle, storage: PageStorage) -> None:
    """Replace three answers of optuna-dashboard by ones that say the same."""
    cache: InMemoryCache = app._inmemory_cache
    for route in app.routes:
        if (route.method, route.rule) == ("GET", PAGE):
            route.callback = _page(route.callback)
            route.reset()
        elif (route.method, route.rule) == ("GET", DETAIL):
            route.callback = json_api_view(_detail(storage, cache, route.callback))
            route.reset()
        elif (route.method, route.rule) == ("GET", IMPORTANCE):
            route.callback = json_api_view(_importance(storage, cache, route.callback))
            route.reset()


def _page(original: Callable[..., Any]) -> Callable[..., Any]:
    def page() -> Any:
        answer = original()
        if answer.status_code != 200 or not hasattr(answer.body, "read"):
            return answer
        with answer.body as file:
            content = file.read().replace(b"</head>", NARROW.encode() + b"</head>", 1)
        policy = answer.headers["Content-Security-Policy"]
        return HTTPResponse(content, 200, {"Content-Type": "text/html", "Content-Security-Policy": policy})

    return page


def _detail(storage: PageStorage, cache: InMemoryCache, original: Callable[..., Any]) -> Callable[..., Any]:
    def study_detail(study_id: int) -> Any:
        study = get_study(storage, study_id)
        if study is None or len(study.directions) != 1 or study.system_attrs.get(_SYSTEM_ATTR_PREFERENTIAL_STUDY):
            return original(study_id)
        after = request.params.get("after", "0")
        if not after.isdigit():
            return original(study_id)
        trials = get_trials(cache, storage, study_id)
        of_study, of_trials = _by_trial(study.system_attrs)
        known = SimpleNamespace(
            _study_id=study_id,
            study_name=study.study_name,
            directions=study.directions,
            user_attrs=study.user_attrs,
            system_attrs=of_study,
        )

        def serialized(trial: FrozenTrial) -> dict[str, Any]:
            found: dict[str, Any] = serialize_frozen_trial(study_id, trial, of_trials.get(trial._trial_id, {}))
            return found

        properties = get_cached_extra_study_property(cache, study_id, trials)
        detail: dict[str, Any] = serialize_study_detail(
            known, [], [], *properties, get_plotly_graph_objects(of_study), []
        )
        detail["trials"] = [serialized(trial) for trial in trials[int(after) :]]
        detail["best_trials"] = [serialized(trial) for trial in _best(trials, study.directions[0])]
        return detail

    return study_detail


def _importance(storage: PageStorage, cache: InMemoryCache, original: Callable[..., Any]) -> Callable[..., Any]:
    def importance(study_id: int) -> Any:
        trials = get_trials(cache, storage, study_id)
        nothing: dict[str, Any] = {"param_importances": [[] for _ in storage.get_study_directions(study_id)]}
        if not any(trial.params for trial in trials):
            return nothing
        answer = original(study_id)
        if response.status_code >= 400:
            response.status = 200
            return nothing
        return answer

    return importance


def _by_trial(attrs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """Return the attributes of the study itself, and those of each trial by its key."""
    of_study: dict[str, Any] = {}
    of_trials: dict[int, dict[str, Any]] = {}
    for key, value in attrs.items():
        match = OF_TRIAL.match(key)
        (of_trials.setdefault(int(match[1]), {}) if match else of_study)[key] = value
    return of_study, of_trials


def _best(trials: list[FrozenTrial], direction: StudyDirection) -> list[FrozenTrial]:
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    choose = max if direction == StudyDirection.MAXIMIZE else min
    return [choose(complete, key=lambda trial: trial.values[0])] if complete else []
