"""What a script's Optuna objective suggests, read from its source: ranges, choices, conditions.

Functions are followed from where they are called, so that a parameter that is suggested within
``if optimizer == "sgd":``, or in a function that is called there, has that condition. What a loop
suggests, ``f"units_{i}"`` for each of ``range(n_layers)``, is unrolled.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hpo_tui.engine.define.optuna.conditions import NEVER, Scope, When, both, either
from hpo_tui.engine.define.optuna.values import SUGGESTS, Known, constants_of
from hpo_tui.engine.define.sources.syntax import keywords, last_name, literal, parsed, text_of
from hpo_tui.engine.spec import Parameter, Params

_DEEP = 8
"""Calls within calls that are followed."""
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_RUNS = re.compile(r"\.(optimize|ask|hyperparameter_search)\b")
"""What runs an objective; also where it is handed over, as in ``submit(study.optimize, …)``."""
_ASKS = re.compile(r"\.suggest_|\b(Float|Int|Categorical)Distribution\(")


@dataclass(slots=True)
class Suggested:
    """What a script's source says of its study.

    ``unread``: suggestions whose name or range only a run can tell, as they stand in the source.
    ``doubtful``: parameters that are suggested under a condition which could not be read.
    """

    space: dict[str, Parameter] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    directions: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    trials: int | None = None
    timeout: float | None = None
    """Seconds after which the script begins no further trial."""
    steps: int = 0
    """How often a trial reports and asks whether it is pruned, where a loop says so."""
    name: str = ""
    start: tuple[Params, ...] = ()


def uses_optuna(texts: Sequence[str]) -> bool:
    """Whether a source has an objective for Optuna."""
    text = "\n".join(texts)
    return bool("optuna" in text and _ASKS.search(text) and _RUNS.search(text))


def suggested(texts: Sequence[str], ran: Mapping[str, Parameter] | None = None) -> Suggested:
    """Return what the sources of a script suggest; the script itself is the first.

    ``ran``: parameters as a run has asked for them, for those whose range is computed.
    """
    trees = [tree for tree in map(parsed, texts) if tree is not None]
    found = Suggested()
    known = Known(constants_of(trees), ran)
    for tree in trees:
        for call in _calls(tree):
            _settings(call, found, known)
        for loop in ast.walk(tree):
            if isinstance(loop, ast.For) and _reports_each_round(loop):
                rounds = known.value(loop.iter)
                found.steps = len(rounds) if isinstance(rounds, list) else found.steps
    _Walk(trees, found, known).all()
    return found


def _reports_each_round(loop: ast.For) -> bool:
    """Whether each round of a loop reports, and asks whether the trial is pruned.

    What reports ``if step % 100 == 0`` does so less often than the loop is long.
    """
    counted = _names(loop.target)
    todo: list[ast.AST] = [*loop.body]
    while todo:
        node = todo.pop()
        some = isinstance(node, ast.If) and not counted.isdisjoint(_names(node.test))
        if isinstance(node, ast.Call) and last_name(node.func) == "report":
            return "should_prune" in _called(loop)
        if not some and not isinstance(node, ast.For | ast.While):
            todo += ast.iter_child_nodes(node)
    return False


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(node: ast.AST) -> set[str]:
    return {last_name(call.func) for call in _calls(node)}


def _settings(call: ast.Call, found: Suggested, known: Known) -> None:
    """Take in what a call says of the study as a whole."""
    given = {name: known.value(node) for name, node in keywords(call).items()}
    name = last_name(call.func)
    if name == "create_study" and not found.directions:
        asked = given.get("directions", given.get("direction", "minimize"))
        several = asked if isinstance(asked, list | tuple) else [asked]
        said = tuple(str(d).rpartition(".")[2].lower() for d in several)
        if set(said) <= {"minimize", "maximize"}:
            found.directions = said
        found.name = str(given.get("study_name") or "")
    elif name == "optimize":
        by_place = [known.value(arg) for arg in call.args[1:3]]
        given = dict(zip(("n_trials", "timeout"), by_place, strict=False)) | given
        trials, timeout = given.get("n_trials"), given.get("timeout")
        found.trials = trials if isinstance(trials, int) else found.trials
        found.timeout = timeout if isinstance(timeout, int | float) else found.timeout
    elif name == "set_metric_names" and call.args:
        names = known.value(call.args[0])
        found.metrics = tuple(map(str, names)) if isinstance(names, list | tuple) else ()
    elif name == "enqueue_trial" and call.args:
        params = literal(call.args[0])
        if isinstance(params, dict) and params:
            kept = {str(k): v for k, v in params.items() if isinstance(v, bool | int | float | str)}
            found.start = (*found.start, kept)


class _Walk:
    """Goes through the functions of a script as Python would, noting what is suggested where."""

    def __init__(self, trees: Sequence[ast.Module], found: Suggested, known: Known) -> None:
        self.found, self.trees, self.known = found, trees, known
        self.functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
        """All that have a name, of which a call by that name runs one."""
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions.setdefault(node.name, []).append(node)
        self.asking = self._asking()
        self._inside: list[str] = []
        self._seen: set[str] = set()

    def _asking(self) -> set[str]:
        """Return the functions that suggest anything, themselves or in what they call."""
        asking: set[str] = set()
        before = -1
        while before != len(asking):
            before = len(asking)
            for name, functions in self.functions.items():
                called = set[str]().union(*map(_called, functions))
                if called & asking or called & SUGGESTS:
                    asking.add(name)
        return asking

    def all(self) -> None:
        """Go through the objective, then through what was not reached from it."""
        called = {
            last_name(call.func)
            for name in self.asking
            for function in self.functions[name]
            for call in _calls(function)
            if last_name(call.func) != name
        }
        first = [n for n in self.functions if n in self.asking and n not in called]
        for name in [*first, *sorted(self.asking)]:
            if name not in self._seen:
                self._call(name, Scope(self.found.space, self.known), {}, None)
        for tree in self.trees:
            loose = [s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
            self._body(loose, Scope(self.found.space, self.known), {})

    def _call(self, name: str, scope: Scope, when: When | None, call: ast.Call | None) -> None:
        if name in self._inside or len(self._inside) >= _DEEP:
            return
        self._seen.add(name)
        self._inside.append(name)
        functions = self.functions[name]
        for function in functions:
            inner = scope
            if call is not None:
                inner = scope.within(function, call)
                when = when if len(functions) == 1 else None
            self._body(function.body, inner, when)
            scope.returned = inner.returned
        self._inside.pop()

    def _body(self, body: Sequence[ast.stmt], scope: Scope, when: When | None) -> When | None:
        """Go through statements; return the condition under which their end is reached."""
        for statement in body:
            if when is not None and () in when.values():
                break  # it cannot be reached
            when = self._statement(statement, scope, when)
            if isinstance(statement, _LEAVES):
                return NEVER
        return when

    def _statement(self, node: ast.stmt, scope: Scope, when: When | None) -> When | None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return when
        if isinstance(node, ast.If):
            return self._if(node, scope, when)
        if isinstance(node, ast.For):
            self._expression(node.iter, scope, when)
            for inner, asked in scope.rounds(node.target, node.iter):
                self._body(node.body, inner, both(when, asked))
            return when
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child, scope, when)
        scope.bind(node)
        for part in ("body", "handlers", "orelse", "finalbody"):
            for child in getattr(node, part, ()):
                inside = child.body if isinstance(child, ast.ExceptHandler) else [child]
                self._body(inside, scope, when)
        return when

    def _if(self, node: ast.If, scope: Scope, when: When | None) -> When | None:
        """Go through both branches; return the condition of what stands behind them."""
        self._expression(node.test, scope, when)
        yes, no = (both(when, test) for test in scope.condition(node.test))
        ends = self._body(node.body, scope, yes), self._body(node.orelse, scope, no)
        # Where a condition is not known, its end looks the same although some of it has left.
        unclear = None in ends and any(isinstance(n, _LEAVES) for n in ast.walk(node))
        if ends == (yes, no) and not unclear:
            return when
        left = [end for end in ends if end is not NEVER]
        return left[0] if len(left) == 1 else None if left else NEVER

    def _expression(self, node: ast.expr, scope: Scope, when: When | None) -> None:
        if isinstance(node, ast.IfExp):
            self._expression(node.test, scope, when)
            yes, no = scope.condition(node.test)
            self._expression(node.body, scope, both(when, yes))
            self._expression(node.orelse, scope, both(when, no))
            return
        if isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp):
            self._comprehension(node, scope, when)
            return
        for child in ast.iter_child_nodes(node):
            inside = child.value if isinstance(child, ast.keyword) else child
            if isinstance(inside, ast.expr):
                self._expression(inside, scope, when)
        if isinstance(node, ast.NamedExpr):
            scope.bind(node)
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name in SUGGESTS:
                self._suggest(node, scope, when)
            elif name in self.asking:
                self._call(name, scope, when, node)

    def _comprehension(
        self,
        node: ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp,
        scope: Scope,
        when: When | None,
    ) -> None:
        first = node.generators[0]
        self._expression(first.iter, scope, when)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for inner, asked in scope.rounds(first.target, first.iter):
            under = both(when, asked)
            for test in first.ifs:
                self._expression(test, inner, under)
                under = both(under, inner.condition(test)[0])
            for part in parts:
                self._expression(part, inner, under)

    def _suggest(self, call: ast.Call, scope: Scope, when: When | None) -> None:
        """Note a parameter, or that it cannot be read."""
        parameter = scope.parameter(call)
        if parameter is None:
            shown = text_of(call)
            if shown not in self.found.unread:
                self.found.unread.append(shown)
            return
        scope.names[text_of(call)] = parameter.name
        if when is None and parameter.name not in self.found.doubtful:
            self.found.doubtful.append(parameter.name)
        asked = replace(parameter, when=dict(when or {}))
        known = self.found.space.get(parameter.name)
        self.found.space[parameter.name] = asked if known is None else either(known, asked, scope)
