"""Why the study under the cursor of the list stands as it does, in lines. Pure."""

from hpo_tui.engine.answers import PAUSED_BY_YOU
from hpo_tui.store.models import StudyState
from hpo_tui.tui.watching.study_list import Summary
from hpo_tui.tui.words.paused import fitting, in_few_words, in_short
from hpo_tui.tui.words.standing import WHY_SILENT, standing


def why_lines(summary: Summary, width: int, height: int) -> list[str]:
    """Return why a study stands as it does, and the key by which it goes on, in at most ``height``.

    There are none where its row says all that is to be said.
    """
    if summary.study is None or summary.spec is None:
        more = summary.problem != "not started"
        return fitting([summary.problem], width, height)[:height] if more else []
    begins, reason = _said(summary)
    if not (begins or reason):
        return []
    suspended, silent = summary.suspended, bool(summary.silent)
    stand = standing(summary.study, summary.runner, suspended=suspended, silent=silent)
    head = f"{stand.mark} {stand.word}{begins}{': ' if reason else ''}"
    lines = fitting([head + way for way in in_short(reason)], width, height)
    if len(lines) > height:
        lines = [*lines[: height - 1], f"{lines[height - 1][: width - 1]}…"]
    return lines


def _said(summary: Summary) -> tuple[str, str]:
    """Return the key by which a study goes on, in brackets, and why it stands as it does."""
    study, lone = summary.study, summary.runner is None
    assert study is not None
    if summary.suspended:
        return "", f"kill -CONT {summary.runner} has its runner go on"
    if summary.silent:
        return "", f"{summary.silent}: {WHY_SILENT}"
    match study.state:
        case StudyState.PAUSED:
            way = " (R goes on)" if lone else " (p resumes)"
            return way, in_few_words(
                study.reason
            ) if study.reason == PAUSED_BY_YOU else study.reason
        case StudyState.STOPPED:
            return " (R goes on)" if lone else "", study.reason.removeprefix("stopped ")
        case StudyState.RUNNING if lone:
            return "", standing(study, None).detail
        case StudyState.RUNNING if summary.misnamed or summary.waits:
            waits = [f"waits: {summary.waits}"] if summary.waits else []
            return "", "; ".join([*(one.text for one in summary.misnamed), *waits])
        case StudyState.FINISHED:
            return "", study.reason
    return "", ""
