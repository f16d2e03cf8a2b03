"""Putting the note on a study on record, unless a person has written one."""

from __future__ import annotations

import json

import sqlalchemy as sa
from optuna.storages._rdb import models

from hpo.display.study_note import KEPT_UP_TO_DATE
from hpo.storage.database import Database
from hpo.storage.note import DASHBOARD_PREFIX, count_pieces, note_attrs, note_text
from hpo.storage.statements import begin, upsert

STUDY_ATTRS = models.StudySystemAttributeModel.__table__


def record_study_note(database: Database, study_key: int, text: str, *, replace: bool) -> None:
    """Store the note on a study.

    Args:
        database: that holds the study.
        study_key: of the study.
        text: Markdown.
        replace: whether to replace an earlier note, where that is hpo's own; otherwise any note stands.
    """
    with begin(database.engine) as connection:
        of_note = (STUDY_ATTRS.c.study_id == study_key) & STUDY_ATTRS.c.key.like(f"{DASHBOARD_PREFIX}note%")
        rows = connection.execute(sa.select(STUDY_ATTRS.c.key, STUDY_ATTRS.c.value_json).where(of_note))
        found = {str(key): json.loads(value) for key, value in rows}
        earlier = note_text(found)
        if earlier and not (replace and KEPT_UP_TO_DATE in earlier):
            return
        version = found.get(f"{DASHBOARD_PREFIX}note_ver", 0) + 1
        attrs = note_attrs(text, version, pieces_before=count_pieces(found))
        stored = [{"study_id": study_key, "key": key, "value_json": json.dumps(attrs[key])} for key in attrs]
        upsert(connection, STUDY_ATTRS, ("study_id", "key"), stored)
