"""What becomes of a suggestion between the request for it and its start."""

from hpo_tui.engine.execution.proposals.shelf import Shelf
from hpo_tui.engine.optimizer.api import Suggestion


def suggestion(number: int, x: float = 0.5) -> Suggestion:
    return Suggestion(number, number, {"x": x}, "full", 1.0, None, {}, 0)


def test_as_many_are_asked_for_as_are_missing() -> None:
    shelf = Shelf()
    first, second = shelf.ask(2)
    assert shelf.ask(2) == []
    shelf.answer(first, suggestion(7))
    assert shelf.ask(2) == []
    assert shelf.begin(suggestion(7)), "it was ready"
    assert len(shelf.ask(2)) == 1
    assert shelf.awaits
    shelf.answer(second, suggestion(8))
    assert shelf.current == suggestion(8)


def test_what_a_result_outdates_is_the_former_one_and_the_current_one_no_more() -> None:
    shelf = Shelf()
    [asked] = shelf.ask(1)
    shelf.answer(asked, suggestion(7))
    shelf.news()
    assert shelf.current is None
    assert shelf.former == suggestion(7)
    shelf.withdraw()
    assert shelf.former == suggestion(7)
    [again] = shelf.ask(1)
    shelf.answer(again, suggestion(7, 0.3))
    assert shelf.current == shelf.former == suggestion(7, 0.3)
    assert shelf.begin(suggestion(7, 0.3))
    assert shelf.former is None, "the one that was withdrawn is forgotten"


def test_a_last_summary_outdates_nothing() -> None:
    shelf = Shelf()
    [asked] = shelf.ask(1)
    shelf.answer(asked, suggestion(7))
    shelf.news(outdates=False)
    assert shelf.current == suggestion(7)


def test_of_two_former_suggestions_the_first_is_started() -> None:
    shelf = Shelf()
    first, second = shelf.ask(2)
    shelf.answer(first, suggestion(7, 0.1))
    shelf.withdraw()  # the second one is being made: it takes the first to run
    shelf.answer(second, suggestion(8, 0.2))
    assert shelf.former == suggestion(7, 0.1)
    [third] = shelf.ask(1)
    shelf.withdraw()
    shelf.answer(third, suggestion(7, 0.3))  # knows more
    assert shelf.former == suggestion(7, 0.3)


def test_what_comes_after_a_former_one_was_started_is_forgotten() -> None:
    """It would take the number of the trial that runs."""
    shelf = Shelf()
    first, late = shelf.ask(2)
    shelf.answer(first, suggestion(7))
    shelf.news()
    shelf.withdraw()
    assert not shelf.begin(suggestion(7)), "it was the former one"
    shelf.answer(late, suggestion(7, 0.9))
    assert shelf.former is shelf.current is None


def test_in_haste_no_result_takes_back_what_is_ready() -> None:
    shelf = Shelf()
    first, second, third = shelf.ask(3)
    shelf.answer(first, suggestion(7))
    shelf.news()
    assert shelf.current is None, "there is no haste"
    shelf.answer(second, suggestion(8), ahead=2)
    shelf.answer(third, suggestion(9), ahead=2)
    shelf.withdraw()
    numbers = iter(shelf.ask(1))
    assert shelf.awaits
    for number in (10, 11, 12):
        shelf.answer(next(numbers), suggestion(number), ahead=2)
    shelf.news()
    assert shelf.current == suggestion(10)
    shelf.begin(suggestion(10))
    [last] = shelf.ask(1)
    shelf.answer(last, suggestion(13), ahead=0)  # trials take longer again
    shelf.news()
    assert shelf.current is None


def test_a_spent_budget_holds_until_something_changes() -> None:
    shelf = Shelf()
    [asked] = shelf.ask(1)
    shelf.spent(asked, "all is spent")
    assert shelf.exhausted == "all is spent"
    shelf.news()
    assert not shelf.exhausted


def test_that_the_budget_is_spent_says_nothing_after_news() -> None:
    """The trial that has ended since may have cost less than was set aside for it."""
    shelf = Shelf()
    [asked] = shelf.ask(1)
    shelf.news()
    shelf.spent(asked, "all is spent")
    assert not shelf.exhausted
    assert not shelf.awaits


def test_a_refusal_counts_unless_its_request_was_withdrawn() -> None:
    shelf = Shelf()
    first, second = shelf.ask(2)
    assert shelf.refused(first)
    shelf.withdraw()
    assert not shelf.refused(second)


def test_another_optimizer_was_asked_for_nothing() -> None:
    shelf = Shelf()
    first, second = shelf.ask(2)
    shelf.answer(first, suggestion(7))
    shelf.spent(second, "")
    shelf.clear()
    assert not shelf.ready
    assert not shelf.awaits
    assert not shelf.exhausted
    assert shelf.former is None
