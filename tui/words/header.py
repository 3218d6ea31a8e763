"""The header of a study's screens: how it stands, what is spent, what it waits for. Pure."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hpo_tui.engine.answers import PAUSED_BY_YOU, SPENT
from hpo_tui.engine.waiting import waits_for
from hpo_tui.store.models import DeviceSample, StudyState, TrialState
from hpo_tui.tui.words import budgets, fmt, present
from hpo_tui.tui.words.plain import fit, plain
from hpo_tui.tui.words.present import Piece
from hpo_tui.tui.words.running import overdue_text, quiet_text
from hpo_tui.tui.words.standing import Standing, silent_text, standing_of, until

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot


def header_pieces(snapshot: "Snapshot", width: int) -> tuple[list[Piece], list[Piece]]:
    """Return the header's left and right pieces; what does not fit is left out, last first."""
    stand = standing_of(snapshot)
    name = plain(snapshot.study.name)
    name = fit(name, min(fmt.width_of(name), max(8, width // 3)))
    left: list[Piece] = [(name, "bold"), (f"{stand.mark} {stand.word}", stand.tone)]
    running = int(snapshot.frame.in_state(TrialState.RUNNING).sum())
    facts = present.plural(len(snapshot.frame), "trial")
    if running and width >= 100:
        facts += f", {running} running"
    optional: list[Piece] = [(facts, ""), (budgets.budget_text(snapshot), "")]
    slips = ", ".join(one.short for one in snapshot.misnamed[:1])
    for told in (overdue_text(snapshot), quiet_text(snapshot), slips, silent_text(snapshot)):
        optional[:0] = [(told, "warn")] if told else []
    if snapshot.queued:
        count = f"{len(snapshot.queued)} queued"
        optional.insert(0, (f"{count} for the next run" if width >= 100 else count, "warn"))
    used = sum(fmt.width_of(t) + 2 for t, _ in left) + 1
    if snapshot.suspended:
        optional.insert(0, (stand.detail, "warn"))
    elif snapshot.study.state is StudyState.PAUSED:
        optional[:0] = _why_paused(snapshot, width - used - 3, width)
    else:
        taken = used + sum(fmt.width_of(text) + 3 for text, _ in optional)
        room = width - taken - 3
        why = _beginning(_detail(snapshot, stand), room) or _beginning(_rest(stand), room)
        optional += [(text, "dim") for text in until(snapshot) or [why] if text]
    right = [(_device(d), "dim") for d in snapshot.measured]
    if snapshot.waits:
        optional.insert(0, (f"waits for {waits_for(snapshot.waits)}", "warn"))
    for piece in optional:
        if used + fmt.width_of(piece[0]) + 3 > width:
            break
        left.append(piece)
        used += fmt.width_of(piece[0]) + 3
    if len(right) > 1 and used + sum(fmt.width_of(text) + 2 for text, _ in right) + 1 > width:
        right = [(_devices(snapshot.measured), "dim")]
    kept: list[Piece] = []
    for piece in right:
        if used + fmt.width_of(piece[0]) + 3 > width:
            break
        kept.append(piece)
        used += fmt.width_of(piece[0]) + 2
    return left, kept


def _detail(snapshot: "Snapshot", stand: Standing) -> str:
    """Return why the study stands so, beside the word for it, and how it could go on."""
    if snapshot.study.state is StudyState.FINISHED and (stand.detail or SPENT).startswith(SPENT):
        first, comma, more = (stand.detail or SPENT).partition(",")
        return f"{first} (+ adds to it){comma}{more}"
    if snapshot.study.state is not StudyState.STOPPED or snapshot.runner_pid is not None:
        return stand.detail
    return f"{stand.detail.removeprefix('stopped ')}, R goes on".removeprefix(", ")


def _rest(stand: Standing) -> str:
    """Return why a study is over that has not spent all, in few words."""
    return "too little left" if stand.detail.startswith(f"{SPENT} but ") else ""


def _beginning(sentence: str, room: int) -> str:
    """Return a sentence, or as many of its clauses as ``room`` cells hold: the first says most.

    Not without what follows a "but for": it would say of a rest that it is spent.
    """
    clause = r"[,;:] | but (?!for )| \("
    ends = [len(sentence), *(found.start() for found in re.finditer(clause, sentence))]
    fitting = [end for end in ends if fmt.width_of(sentence[:end]) <= room]
    return sentence[: max(fitting, default=0)]


def _why_paused(snapshot: "Snapshot", room: int, width: int) -> list[Piece]:
    """Return why the study is paused, cut to ``room``, and the key by which it goes on.

    The key is left out where why could not even begin beside it: that says more.
    """
    text = plain((snapshot.study.reason.splitlines() or [""])[0]).partition(", so nothing")[0]
    if snapshot.study.reason == PAUSED_BY_YOU:
        text = "by you"  # beside the word paused
    lone = snapshot.runner_pid is None
    way = "R goes on" if lone else "p resumes"
    beside = room - fmt.width_of(way) - 3
    shown = fmt.width_of(text.partition(": ")[0]) <= beside or (lone and width >= 80)
    if shown:
        room = beside
    if fmt.width_of(text) > room:
        text = fit(text, room).rstrip() if room >= 12 else ""
    return [*([(text, "warn")] if text else []), *([(way, "dim")] if shown else [])]


def _device(sample: DeviceSample) -> str:
    """Return a device in few characters: ``GPU0 83% 11/24G``."""
    if sample.trouble and not sample.memory_total:
        return f"{plain(sample.device)} lost"
    busy = "" if sample.utilization is None else f" {sample.utilization:.0%}"
    used, total = sample.memory_used / 2**30, sample.memory_total / 2**30
    memory = f" {used:.0f}/{total:.0f}G" if sample.memory_total else ""
    return f"{plain(sample.device)}{busy}{memory}"


def _devices(samples: Sequence[DeviceSample]) -> str:
    """Return many devices in few characters, one by one too long: ``8 GPUs 83% 88/192G``.

    The percentage is their mean; those that do not answer are only counted.
    """
    there = [s for s in samples if s.memory_total]
    rates = [s.utilization for s in there if s.utilization is not None]
    busy = f" {sum(rates) / len(rates):.0%}" if rates else ""
    used, total = sum(s.memory_used for s in there), sum(s.memory_total for s in there)
    lost = f", {len(samples) - len(there)} lost" if len(there) < len(samples) else ""
    return f"{len(there)} GPUs{busy} {used / 2**30:.0f}/{total / 2**30:.0f}G{lost}"
