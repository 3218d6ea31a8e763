"""All deeds of an open study, which each of its screens holds."""

from hpo_tui.tui.deeds.brush import BrushDeeds
from hpo_tui.tui.deeds.records import RecordDeeds
from hpo_tui.tui.deeds.study import StudyDeeds
from hpo_tui.tui.deeds.trial import TrialDeeds
from hpo_tui.tui.screens.study_room import Deeds

OF_A_STUDY: tuple[type[Deeds], ...] = (StudyDeeds, TrialDeeds, RecordDeeds, BrushDeeds)
